"""The permissions boundary: the most that any role of ours may do, whatever its policies say.

It has the actions of the policies that the synthesized roles have, on any resource; assuming and passing roles only
where those policies say. Of IAM it only reads beside, so that no role can create another one, or change this policy.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from cloud_assembly import Stack
from execution_policies.errors import PolicyError
from execution_policies.names import Names
from execution_policies.needs import Limits, managed_policies
from execution_policies.reference import has_actions
from execution_policies.statements import Statement, merged

_READING: Final = frozenset({"ReadOnlyAccess", "service-role/AWS_ConfigRole"})
"""Policies that read whatever there is: too much for a boundary. What is not ours in an account is not read."""

MANAGED: Final[Mapping[str, tuple[str, ...]]] = {
    "service-role/AWSLambdaBasicExecutionRole": ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
    "service-role/AmazonRDSEnhancedMonitoringRole": (
        *("logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:CreateLogStream", "logs:PutLogEvents"),
        *("logs:DescribeLogStreams", "logs:GetLogEvents"),
    ),
    # Their statements about databases; other kinds of resources are not backed up here.
    "service-role/AWSBackupServiceRolePolicyForBackup": (
        "backup:*",
        "backup-storage:*",
        "kms:*",
        "rds:*",
        "tag:GetResources",
    ),
    "service-role/AWSBackupServiceRolePolicyForRestores": ("backup:*", "ec2:Describe*", "kms:*", "rds:*"),
    "service-role/AWS_ConfigRole": ("config:*", "s3:PutObject", "s3:PutObjectAcl", "s3:GetBucketAcl", "sns:Publish"),
    "ReadOnlyAccess": (),
}
"""What AWS's policies allow that roles of ours have, by name (AWS Managed Policy Reference).

Reading is the reading of all services that the account's stacks have resources of.
"""


def boundary(stacks: Sequence[Stack], *, widen: bool = False) -> list[Statement]:
    """Return the boundary's statements for the account of these stacks; raise PolicyError for an unknown policy.

    `widen` makes it shorter by allowing more reading, where an account holds too much for the narrow one.
    """
    anywhere: set[str] = set()
    limited: list[Statement] = []
    for statement, stack in _granted(stacks):
        actions = _list(statement["Action"])
        free = {action for action in actions if action != "*" and not _gains(action)}
        anywhere |= free
        if bound := set(actions) - free:
            limited.append(_as_written(bound, statement, stack))
    by_resources = set(_granted_by_resources(stacks))
    limits = Limits(Names.of(stacks), by_resources)
    limited += [Statement((action,), limits.resources(action)) for action in by_resources]
    for policy in managed_policies(stacks):
        name = policy.partition(":policy/")[2]
        if name not in MANAGED:
            raise PolicyError(
                f"{policy}: the permissions boundary does not know what it allows; "
                "add it to MANAGED in execution_policies/boundary.py, with its actions"
            )
        anywhere.update(MANAGED[name])
        if name in _READING:
            anywhere.update(_reading(stacks))
    statements = merged(
        [*_joined(limited), *([Statement(tuple(_widest(anywhere, widen=widen)), ("*",))] if anywhere else [])]
    )
    # Without roles there is nothing to allow, and IAM refuses a policy without statements.
    return statements or [Statement(("sts:GetCallerIdentity",), ("*",))]


def _widest(actions: Collection[str], *, widen: bool = False) -> list[str]:
    """Return the actions less those that a pattern among them matches.

    With `widen`, a service's several `Describe…` or `List…` become one pattern: shorter, and reading only.
    """
    if widen:
        reads = Counter(
            (action.partition(":")[0], verb)
            for action in actions
            for verb in ("Describe", "List")
            if action.partition(":")[2].startswith(verb)
        )
        actions = {*actions, *(f"{service}:{verb}*" for (service, verb), number in reads.items() if number > 1)}
    patterns = [one for one in actions if "*" in one]
    return sorted(one for one in actions if not any(one != other and fnmatchcase(one, other) for other in patterns))


def _gains(action: str) -> bool:
    """Tell whether the action can give more than its caller has: all of IAM's and STS's that do not only read."""
    return action.startswith(("iam:", "sts:")) and not action.startswith(("iam:Get", "iam:List", "sts:Get"))


def _granted(stacks: Sequence[Stack]) -> Iterator[tuple[Mapping[str, Any], Stack]]:
    """Yield every statement that allows something to a role of these stacks."""
    for stack in stacks:
        for resource in stack.resources.values():
            properties = resource.get("Properties", {})
            documents: list[Mapping[str, Any]] = []
            if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
                documents = [properties["PolicyDocument"]]
            elif resource["Type"] == "AWS::IAM::Role":
                documents = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
            for document in documents:
                for statement in document["Statement"]:
                    if statement["Effect"] == "Allow" and "Action" in statement:
                        yield statement, stack


def _granted_by_resources(stacks: Sequence[Stack]) -> Iterator[str]:
    """Yield what resources allow to roles by their own policies, such as a bucket to the function that empties it.

    A boundary limits that too, where the policy names the role (IAM User Guide, "Permissions boundaries for IAM
    entities").
    """
    for stack in stacks:
        for resource in stack.resources.values():
            properties = resource.get("Properties", {})
            policy = properties.get("KeyPolicy") or properties.get("PolicyDocument") or properties.get("ResourcePolicy")
            for statement in _list((policy or {}).get("Statement", [])):
                principal = statement.get("Principal")
                roles = _list(principal.get("AWS", [])) if isinstance(principal, dict) else []
                # A role of this stack, by its ARN; accounts are named as texts.
                if statement["Effect"] == "Allow" and any(
                    isinstance(one, dict) and "Fn::GetAtt" in one for one in roles
                ):
                    yield from _list(statement["Action"])


def _as_written(actions: set[str], statement: Mapping[str, Any], stack: Stack) -> Statement:
    """Return the actions on the resources, and under the condition, that the role's own policy has."""
    resources = tuple(sorted({stack.text(one) for one in _list(statement["Resource"])}))
    if "*" in resources or "*" in actions:
        raise PolicyError(
            f"{stack.name}: a role may {', '.join(sorted(actions))} on any resource: no boundary can limit that; "
            "name the roles it is about"
        )
    return Statement(tuple(sorted(actions)), resources, json.dumps(statement.get("Condition", {}), sort_keys=True))


def _joined(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Yield one statement for all that allow the same under the same condition."""
    resources: dict[tuple[tuple[str, ...], str], set[str]] = defaultdict(set)
    for one in statements:
        resources[one.actions, one.condition] |= set(one.resources)
    for (actions, condition), found in resources.items():
        yield Statement(actions, tuple(sorted(found)), condition)


def _reading(stacks: Sequence[Stack]) -> Iterator[str]:
    services = {
        resource["Type"].split("::")[1].lower()
        for stack in stacks
        for resource in stack.resources.values()
        if resource["Type"].startswith("AWS::")
    }
    for service in sorted({_PREFIXES.get(one, one) for one in services} - {"cdk"} | {"cloudformation"}):
        verbs = ("BatchGet", "Describe", "Get", "List")
        yield from (f"{service}:{verb}*" for verb in verbs if has_actions(service, verb))


_PREFIXES: Final = {
    "applicationautoscaling": "application-autoscaling",
    "certificatemanager": "acm",
    "elasticloadbalancingv2": "elasticloadbalancing",
}
"""Prefixes of actions that are not the service's name in CloudFormation."""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
