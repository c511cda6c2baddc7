"""How the resources of an account are called, as patterns of ARNs.

A name that the template gives is known. Without one CloudFormation makes a name, in most types from those of the stack
and the resource ("Name type", CloudFormation Template Reference). Whatever begins with an environment's own name is one
pattern, `yawl-dev*`, so that a new resource needs no new permission and a policy stays small.
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
    """What CloudFormation makes a name of where the template has none."""

    STACK = "the stack's name, the logical id and a random part, in lower case where the service asks for it"
    LOGICAL_ID = "the logical id and a random part; seen at AWS and not documented, so that the stack's name counts too"
    SHORT = "five letters of the stack's name, five of the logical id, and a random part"
    FAMILY = "no name of its own: its ARN begins with the name of what it is part of"


@dataclass(frozen=True)
class Naming:
    """Where a type of resource has its name from, and which ARNs carry it."""

    arns: tuple[str, ...]
    """Service and type of the ARNs, as the Service Authorization Reference has them, in lower case."""
    property: str | None = None
    """The property that gives the name."""
    generated: Generated = Generated.STACK
    before: str = ""
    """What the ARN has before the name and the reference's format does not say."""
    after: str = ""
    """What the ARN has after the name."""


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
"""Types whose names are known. In all others AWS makes an identifier (`vpc-…`), and every one of the account counts.

A replication group of ElastiCache is among the others, since what CloudFormation calls it is not documented.
"""

COMPANIONS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    # The last snapshot, under a name that CloudFormation makes (DeletionPolicy, CloudFormation Template Reference).
    "AWS::ElastiCache::ReplicationGroup": (("elasticache:snapshot", "*"),),
    # The same; the master password that RDS manages (RDS User Guide, "Password management with Secrets Manager"), and
    # the option group that it takes where none is named (RDS User Guide, "Working with option groups").
    "AWS::RDS::DBInstance": (("rds:snapshot", "*"), ("secretsmanager:secret", "rds!*"), ("rds:og", "default:*")),
    # The alarms of a target tracking policy (Application Auto Scaling User Guide, "Target tracking scaling policies").
    "AWS::ApplicationAutoScaling::ScalingPolicy": (("cloudwatch:alarm", "TargetTracking-service/*"),),
    # Rules that AWS manages are resources of the request (aws-samples/amazon-cloudfront-waf-secretsmanager#3).
    "AWS::WAFv2::WebACL": (("wafv2:managedruleset", "*/managedruleset/*"),),
}
"""Resources that AWS makes beside a type's own, or that its requests refer to: type of ARN and name."""

_LEAST_IN_COMMON: Final = 6
"""Letters that names must share to become one pattern."""


@dataclass
class Names:
    """The names in one account, by service and type of ARN."""

    account: str
    _names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _regions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _partition: str = "aws"

    @classmethod
    def of(cls, stacks: Sequence[Stack]) -> "Names":
        """Return the names of all resources of these stacks, which are of one account."""
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
        """Tell whether resources of this service and type have names that are known."""
        return kind in self._names

    def arns(self, kind: str) -> list[str]:
        """Return the patterns of the ARNs of a service's type; every one of the account where no name is known."""
        service, _, resource_type = kind.partition(":")
        names = _fewest(self._names[kind]) if kind in self._names else ["*"]
        regions = self._regions.get(kind, set())
        region = next(iter(regions)) if len(regions) == 1 else "*"
        pattern = arn_format(service, resource_type).replace("${Partition}", self._partition)
        pattern = pattern.replace("${Region}", region).replace("${Account}", self.account)
        start = pattern.removesuffix(".*")
        # Where the format ends in a name that never changes, there is one.
        return [start + name for name in names] if start != pattern else [pattern]

    def everything_of(self, kind: str) -> str:
        """Return the pattern of all the resources in the account that are of the same service as this type."""
        # Actions of `vpce` are about endpoints of `ec2`.
        service = arn_format(*kind.split(":", 1)).split(":")[2]
        return f"arn:{self._partition}:{service}:*:{self.account}:*"

    def _add(self, kind: str, name: str, stack: Stack) -> None:
        self._names[kind].add(name)
        self._regions[kind].add(stack.region)


def outermost(families: Iterable[str]) -> list[str]:
    """Return the names that begin with none of the others."""
    found = sorted(set(families))
    return [one for one in found if not any(one != other and one.startswith(other) for other in found)]


def _names(naming: Naming, logical_id: str, resource: Mapping[str, Any], stack: Stack) -> list[str]:
    """Return the name that the template gives, or the patterns of those that CloudFormation may make."""
    value: Any = resource.get("Properties", {})
    for key in naming.property.split(".") if naming.property else ():
        value = value.get(key) if isinstance(value, dict) else None
    if naming.property and value is not None:
        # An alias has in its name what the ARN has before it.
        return [stack.text(value).removeprefix("alias/")]
    if naming.generated is Generated.LOGICAL_ID:
        # It is cut where it is long, and how long it may be differs.
        return [logical_id[:20] + "*", stack.family + "*"]
    if naming.generated is Generated.SHORT:
        return [stack.family[:5] + "*"]
    return [stack.family + "*"]


def _within_family(name: str, families: Iterable[str]) -> str:
    """Return the name up to the end of its family's, and `*`; a name of no family stays as it is."""
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
    """Return patterns that the names are covered by: three names that begin alike become one."""
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
