"""Patterns that match the ARNs of an account's resources.

If the template gives no name, CloudFormation generates one, for most types from the stack's name and the logical id
("Name type", CloudFormation Template Reference). All names that begin with an environment's name become one pattern,
`yawl-dev*`, so that a new resource needs no new permission and policies stay small.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import Any, Final

from cloud_assembly import Stack
from execution_policies.reference import arn_format


class Generated(Enum):
    """What CloudFormation generates a name from if the template has none."""

    STACK = "the stack's name, the logical id and a random part, in lower case if the service requires it"
    LOGICAL_ID = "the logical id and a random part; undocumented, so the stack's name is allowed too"
    SHORT = "five letters of the stack's name, five of the logical id, and a random part"
    FAMILY = "no name of its own: its ARN begins with its parent's name"


@dataclass(frozen=True)
class Naming:
    """The source of a resource type's name, and the ARNs that contain it."""

    arns: tuple[str, ...]
    """Service and type of the ARNs as in the Service Authorization Reference, in lower case."""
    property: str | None = None
    """The property that sets the name."""
    generated: Generated = Generated.STACK
    before: str = ""
    """The ARN's text before the name that the reference's format lacks."""
    after: str = ""
    """The ARN's text after the name."""


NAMINGS: Final[Mapping[str, Naming]] = {
    "AWS::Backup::BackupVault": Naming(("backup:backupvault",), "BackupVaultName"),
    "AWS::Backup::RestoreTestingPlan": Naming(("backup:restoretestingplan",), "RestoreTestingPlanName", after="-*"),
    "AWS::Budgets::Budget": Naming(("budgets:budget",), "Budget.BudgetName"),
    "AWS::Chatbot::SlackChannelConfiguration": Naming(
        ("chatbot:chatbotconfiguration",), "ConfigurationName", before="slack-channel/"
    ),
    "AWS::CloudFront::Function": Naming(("cloudfront:function",), "Name"),
    "AWS::CloudTrail::Trail": Naming(("cloudtrail:trail",), "TrailName"),
    "AWS::CloudWatch::Alarm": Naming(("cloudwatch:alarm",), "AlarmName"),
    "AWS::CloudWatch::CompositeAlarm": Naming(("cloudwatch:alarm",), "AlarmName"),
    "AWS::CloudWatch::Dashboard": Naming(("cloudwatch:dashboard",), "DashboardName"),
    "AWS::CodeBuild::Project": Naming(("codebuild:project",), "Name", Generated.LOGICAL_ID),
    "AWS::CodePipeline::Pipeline": Naming(("codepipeline:pipeline", "codepipeline:stage"), "Name", after="*"),
    "AWS::DynamoDB::Table": Naming(("dynamodb:table", "dynamodb:index", "dynamodb:stream"), "TableName", after="*"),
    "AWS::ECS::Cluster": Naming(("ecs:cluster",), "ClusterName"),
    "AWS::ECS::Service": Naming(("ecs:service", "ecs:service-deployment"), None, Generated.FAMILY),
    "AWS::ECS::TaskDefinition": Naming(("ecs:task-definition",), "Family", before="task-definition/", after=":*"),
    "AWS::ElastiCache::ParameterGroup": Naming(("elasticache:parametergroup",), "CacheParameterGroupName"),
    "AWS::ElastiCache::SubnetGroup": Naming(("elasticache:subnetgroup",), "CacheSubnetGroupName"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Naming(
        (
            "elasticloadbalancing:loadbalancer/app/",
            "elasticloadbalancing:listener/app",
            "elasticloadbalancing:listener-rule/app",
        ),
        "Name",
        Generated.SHORT,
        after="/*",
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Naming(
        ("elasticloadbalancing:targetgroup",), "Name", Generated.SHORT, after="/*"
    ),
    "AWS::Events::Rule": Naming(("events:rule-on-default-event-bus",), "Name"),
    "AWS::IAM::Role": Naming(("iam:role",), "RoleName"),
    "AWS::KMS::Alias": Naming(("kms:alias",), "AliasName"),
    "AWS::Lambda::Function": Naming(
        ("lambda:function", "lambda:function alias", "lambda:function version"), "FunctionName", after="*"
    ),
    "AWS::Logs::LogGroup": Naming(("logs:log-group", "logs:log-stream"), "LogGroupName", after="*"),
    "AWS::RDS::DBInstance": Naming(("rds:db",), "DBInstanceIdentifier"),
    "AWS::RDS::DBParameterGroup": Naming(("rds:pg",), "DBParameterGroupName"),
    "AWS::RDS::DBSubnetGroup": Naming(("rds:subgrp",), "DBSubnetGroupName"),
    "AWS::S3::Bucket": Naming(("s3:bucket", "s3:object"), "BucketName", after="*"),
    "AWS::SNS::Topic": Naming(("sns:topic",), "TopicName", after="*"),
    "AWS::SQS::Queue": Naming(("sqs:queue",), "QueueName"),
    "AWS::SecretsManager::Secret": Naming(("secretsmanager:secret",), "Name", Generated.LOGICAL_ID, after="-*"),
    "AWS::WAFv2::WebACL": Naming(("wafv2:webacl",), "Name", before="*/webacl/", after="/*"),
}
"""Types with predictable names. AWS generates the identifiers of all others (`vpc-…`), so any of them is allowed.

ElastiCache replication groups are not here, because the name that CloudFormation generates is not documented.
"""

COMPANIONS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    # The final snapshot, whose name CloudFormation generates (DeletionPolicy, CloudFormation Template Reference).
    "AWS::ElastiCache::ReplicationGroup": (("elasticache:snapshot", "*"),),
    # The final snapshot; the master password that RDS manages (RDS User Guide, "Password management with Secrets
    # Manager"); the default option group (RDS User Guide, "Working with option groups").
    "AWS::RDS::DBInstance": (("rds:snapshot", "*"), ("secretsmanager:secret", "rds!*"), ("rds:og", "default:*")),
    # The alarms of a target tracking policy (Application Auto Scaling User Guide, "Target tracking scaling policies").
    "AWS::ApplicationAutoScaling::ScalingPolicy": (("cloudwatch:alarm", "TargetTracking-service/*"),),
    # AWS's managed rules are resources of the request (aws-samples/amazon-cloudfront-waf-secretsmanager#3).
    "AWS::WAFv2::WebACL": (("wafv2:managedruleset", "*/managedruleset/*"),),
}
"""Resources that AWS creates with a type, or that its requests refer to: type of ARN and name."""

_LEAST_IN_COMMON: Final = 6
"""Characters that names must share to become one pattern."""


@dataclass
class Names:
    """The names in one account, by service and type of ARN."""

    account: str
    _names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _regions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _partition: str = "aws"

    @classmethod
    def of(cls, stacks: Sequence[Stack]) -> "Names":
        """Return the names of all resources of these stacks of one account."""
        names = cls(stacks[0].account, _partition=stacks[0].partition)
        families = outermost(stack.family for stack in stacks)
        for stack in stacks:
            for logical_id, resource in stack.resources.items():
                for kind, name in COMPANIONS.get(resource["Type"], ()):
                    names._add(kind, name, stack)
                naming = NAMINGS.get(resource["Type"])
                if naming is None:
                    continue
                for possible in _names(naming, logical_id, resource, stack):
                    name = _within_family(possible, families)
                    after = "" if name.endswith("*") else naming.after
                    for kind in naming.arns:
                        names._add(kind, naming.before + name + after, stack)
        return names

    def is_named(self, kind: str) -> bool:
        """Tell whether names of this service's resource type are known."""
        return kind in self._names

    def arns(self, kind: str) -> list[str]:
        """Return the ARN patterns of a service's resource type: any in the account if no name is known."""
        service, _, resource_type = kind.partition(":")
        names = _fewest(self._names[kind]) if kind in self._names else ["*"]
        regions = self._regions.get(kind, set())
        region = next(iter(regions)) if len(regions) == 1 else "*"
        pattern = arn_format(service, resource_type).replace("${Partition}", self._partition)
        pattern = pattern.replace("${Region}", region).replace("${Account}", self.account)
        start = pattern.removesuffix(".*")
        # A format without a final `.*` has a fixed name.
        return [start + name for name in names] if start != pattern else [pattern]

    def everything_of(self, kind: str) -> str:
        """Return the pattern of all resources in the account of this type's service."""
        # The ARN may name another service: `vpce` actions apply to `ec2` endpoints.
        service = arn_format(*kind.split(":", 1)).split(":")[2]
        return f"arn:{self._partition}:{service}:*:{self.account}:*"

    def _add(self, kind: str, name: str, stack: Stack) -> None:
        self._names[kind].add(name)
        self._regions[kind].add(stack.region)


def outermost(families: Iterable[str]) -> list[str]:
    """Return the names that do not begin with another one."""
    found = sorted(set(families))
    return [one for one in found if not any(one != other and one.startswith(other) for other in found)]


def _names(naming: Naming, logical_id: str, resource: Mapping[str, Any], stack: Stack) -> list[str]:
    """Return the template's name, or patterns of the names that CloudFormation may generate."""
    value: Any = resource.get("Properties", {})
    for key in naming.property.split(".") if naming.property else ():
        value = value.get(key) if isinstance(value, dict) else None
    if naming.property and value is not None:
        # An alias's name contains `alias/`, which the ARN's format has too.
        return [stack.text(value).removeprefix("alias/")]
    if naming.generated is Generated.LOGICAL_ID:
        # CloudFormation shortens long ids, to a length that depends on the type.
        return [logical_id[:20] + "*", stack.family + "*"]
    if naming.generated is Generated.SHORT:
        return [stack.family[:5] + "*"]
    return [stack.family + "*"]


def _within_family(name: str, families: Iterable[str]) -> str:
    """Replace what follows the family's name with `*`; return a name of no family unchanged."""
    for family in families:
        for spelled in (family, family.replace("-", "_")):
            before, found, _ = name.partition(spelled)
            if found:
                return f"{before}{found}*"
    return name


def _common_start(one: str, other: str) -> str:
    pairs = zip(one, other, strict=False)
    return "".join(letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _fewest(names: Iterable[str]) -> list[str]:
    """Return patterns that cover the names: three or more with a common start become one."""
    found = sorted(set(names))
    groups: list[list[str]] = []
    for name in found:
        if groups and len(_common_start(groups[-1][0], name)) >= _LEAST_IN_COMMON:
            groups[-1].append(name)
        else:
            groups.append([name])
    patterns = [
        pattern
        for group in groups
        for pattern in ([_common_start(group[0], group[-1]).rstrip("*") + "*"] if len(group) > 2 else group)
    ]
    return [one for one in patterns if not any(one != other and fnmatchcase(one, other) for other in patterns)]
