"""Allow statements that no call of ours needs and that stay, each with the reason."""

import re
from dataclasses import dataclass

from rehearsal.emulator.permissions.policy import Statement


@dataclass(frozen=True)
class Accepted:
    """Statements that stay: those of policies whose name matches, if they allow exactly these actions."""

    policy: str
    """A regular expression over stack and logical id of the policy."""
    actions: tuple[str, ...]
    reason: str

    def covers(self, statement: Statement) -> bool:
        """Whether the statement is one of these."""
        return set(statement.actions) == set(self.actions) and re.search(self.policy, statement.policy) is not None


ACCEPTED = (
    Accepted(
        r"SelfMutationRoleDefaultPolicy",
        ("cloudformation:describestacks", "s3:listbucket"),
        "The CDK library grants it to every self-updating pipeline for a CLI that continues with its own credentials "
        "where it may not take a role on; ours may.",
    ),
    Accepted(
        r"AccessLogBucketPolicy",
        ("s3:putobject",),
        "`log_access_logs` of the CDK library adds it. Earlier editions of the load balancers' guide asked for it; the "
        "present one does so for Network Load Balancers only.",
    ),
    Accepted(r"AccessLogBucketPolicy", ("s3:getbucketacl",), "It belongs to the one before."),
    Accepted(
        r"ConfigurationRoleDefaultPolicy",
        ("s3:getbucketacl", "s3:listbucket"),
        "AWS Config's guide asks for it; the managed policy AWS_ConfigRole allows it as well, and is AWS's to change.",
    ),
    Accepted(
        r"BakeRole[^/]*/AssumeRolePolicyDocument",
        ("sts:assumerole",),
        "An environment has the role also where `bake_minutes` is 0, so that switching baking on changes the pipeline "
        "alone.",
    ),
)


def reason_for(statement: Statement) -> str:
    """Return why a statement stays; empty where nobody has given a reason."""
    return next((item.reason for item in ACCEPTED if item.covers(statement)), "")
