"""Allow statements that are kept although no known call needs them, with reasons."""

import re
from dataclasses import dataclass

from rehearsal.emulator.permissions.policy import Statement


@dataclass(frozen=True)
class Accepted:
    """The statements, in policies with a matching name, that allow exactly these actions."""

    policy: str
    """A regular expression for the policy's stack and logical id."""
    actions: tuple[str, ...]
    reason: str

    def covers(self, statement: Statement) -> bool:
        """Return whether the statement is one of these."""
        return set(statement.actions) == set(self.actions) and re.search(self.policy, statement.policy) is not None


ACCEPTED = (
    Accepted(
        r"SelfMutationRoleDefaultPolicy",
        ("cloudformation:describestacks", "s3:listbucket"),
        "The CDK library grants it to every self-updating pipeline for a CLI that cannot assume a role and falls back "
        "to its own credentials; ours can.",
    ),
    Accepted(
        r"AccessLogBucketPolicy",
        ("s3:putobject",),
        "The CDK library's `log_access_logs` adds it. Earlier editions of the load balancer guides required it; the "
        "current edition requires it only for Network Load Balancers.",
    ),
    Accepted(r"AccessLogBucketPolicy", ("s3:getbucketacl",), "`log_access_logs` adds it together with s3:PutObject."),
    Accepted(
        r"ConfigurationRoleDefaultPolicy",
        ("s3:getbucketacl", "s3:listbucket"),
        "The AWS Config guide requires it. The managed policy AWS_ConfigRole also allows it, but AWS may change that.",
    ),
    Accepted(
        r"BakeRole[^/]*/AssumeRolePolicyDocument",
        ("sts:assumerole",),
        "Environments with `bake_minutes` 0 also have the role, so that enabling baking changes only the pipeline.",
    ),
)


def reason_for(statement: Statement) -> str:
    """Return why a statement is kept; empty if there is no reason."""
    return next((item.reason for item in ACCEPTED if item.covers(statement)), "")
