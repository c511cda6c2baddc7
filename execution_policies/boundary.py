"""The permissions boundary, which limits every role that a deployment creates.

It allows all actions in the policies of the synthesized roles, on any resource. It allows assuming and passing a role
only on the resources that those policies name. All other IAM access is read-only, so no role can create another role or
change the boundary.
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
"""Policies that read every service, which is too much for a boundary: it allows reading only services that we use."""

MANAGED: Final[Mapping[str, tuple[str, ...]]] = {
    "service-role/AWSLambdaBasicExecutionRole": ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
    "service-role/AmazonRDSEnhancedMonitoringRole": (
        *("logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:CreateLogStream", "logs:PutLogEvents"),
        *("logs:DescribeLogStreams", "logs:GetLogEvents"),
    ),
    # Only their statements about databases, because nothing else is backed up.
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
"""The actions of each AWS managed policy that our roles have, by name (AWS Managed Policy Reference).

For the policies in `_READING`, the boundary adds read access to all services that the account's stacks use.
"""


def boundary(stacks: Sequence[Stack], *, widen: bool = False) -> list[Statement]:
    """Return the boundary's statements for the account of these stacks; raise PolicyError for an unknown policy.

    `widen` shortens the policy by allowing more read actions, for accounts whose policy would exceed IAM's size limit.
    """
    anywhere: set[str] = set()
    limited: list[Statement] = []
    for statement, stack in _granted(stacks):
        actions = _list(statement["Action"])
        free = {action for action in actions if action != "*" and not _raises_privileges(action)}
        anywhere |= free
        if bound := set(actions) - free:
            limited.append(_with_own_resources(bound, statement, stack))
    by_resources = set(_granted_by_resources(stacks))
    limits = Limits(Names.of(stacks), by_resources)
    limited += [Statement((action,), limits.resources(action)) for action in by_resources]
    for policy in managed_policies(stacks):
        name = policy.partition(":policy/")[2]
        if name not in MANAGED:
            raise PolicyError(
                f"{policy}: its actions are unknown, so the permissions boundary cannot allow them; "
                "add it to MANAGED in execution_policies/boundary.py, with its actions"
            )
        anywhere.update(MANAGED[name])
        if name in _READING:
            anywhere.update(_reading(stacks))
    statements = merged(
        [*_joined(limited), *([Statement(tuple(_widest(anywhere, widen=widen)), ("*",))] if anywhere else [])]
    )
    # IAM rejects a policy without statements, so an account without roles gets a harmless one.
    return statements or [Statement(("sts:GetCallerIdentity",), ("*",))]


def _widest(actions: Collection[str], *, widen: bool = False) -> list[str]:
    """Return the actions without those that a pattern among them already matches.

    With `widen`, several `Describe…` or `List…` actions of a service become one pattern.
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


def _raises_privileges(action: str) -> bool:
    """Tell whether the action can raise its caller's privileges: all of IAM and STS except reading."""
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
    """Yield actions that resource policies allow to roles, such as a bucket's to the function that empties it.

    A boundary limits these too where the policy names the role (IAM User Guide, "Permissions boundaries for IAM
    entities").
    """
    for stack in stacks:
        for resource in stack.resources.values():
            properties = resource.get("Properties", {})
            policy = properties.get("KeyPolicy") or properties.get("PolicyDocument") or properties.get("ResourcePolicy")
            for statement in _list((policy or {}).get("Statement", [])):
                principal = statement.get("Principal")
                roles = _list(principal.get("AWS", [])) if isinstance(principal, dict) else []
                # Fn::GetAtt is a role of this stack; account principals are strings.
                if statement["Effect"] == "Allow" and any(
                    isinstance(one, dict) and "Fn::GetAtt" in one for one in roles
                ):
                    yield from _list(statement["Action"])


def _with_own_resources(actions: set[str], statement: Mapping[str, Any], stack: Stack) -> Statement:
    """Return a statement that keeps the resources and the condition of the role's own policy."""
    resources = tuple(sorted({stack.text(one) for one in _list(statement["Resource"])}))
    if "*" in resources or "*" in actions:
        raise PolicyError(
            f"{stack.name}: a role has {', '.join(sorted(actions))} on any resource, which the permissions boundary "
            "cannot limit; name the resources in the role's policy"
        )
    return Statement(tuple(sorted(actions)), resources, json.dumps(statement.get("Condition", {}), sort_keys=True))


def _joined(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Merge the statements that have the same actions and condition."""
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
"""IAM's action prefix of each service that CloudFormation names differently."""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
