"""Which actions CloudFormation needs for each type of resource, on which resources, and under which condition.

The schemas' handlers list most actions. The tables here add missing ones, remove those that only unused properties
need, and limit actions with which a deployment could raise its privileges.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from cloud_assembly import Stack
from execution_policies.errors import PolicyError
from execution_policies.names import NAMINGS, Names
from execution_policies.reference import handler_permissions, resource_types

BOUNDARY: Final = "yawl-permissions-boundary"
"""The name of the policy that limits every role that a deployment creates."""


@dataclass(frozen=True, order=True)
class Need:
    """An action that CloudFormation must be allowed."""

    action: str
    resources: tuple[str, ...]
    condition: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Operator, key and values of each condition."""


WITHOUT_HANDLERS: Final[Mapping[str, tuple[str, ...]]] = {
    # CodeBuild User Guide, "CodeBuild permissions reference".
    "AWS::CodeBuild::Project": (
        "codebuild:CreateProject",
        "codebuild:UpdateProject",
        "codebuild:DeleteProject",
        "codebuild:BatchGetProjects",
        "iam:PassRole",
    ),
    # CloudFormation invokes the function that a custom resource names (CloudFormation User Guide, "Custom resources").
    "AWS::CloudFormation::CustomResource": ("lambda:InvokeFunction",),
    "AWS::CDK::Metadata": (),
}
"""Actions of types whose schemas list none."""

ADDITIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    # CloudFront Developer Guide, "Standard logging: permissions", and the distribution's web ACL.
    "AWS::CloudFront::Distribution": ("s3:GetBucketAcl", "s3:PutBucketAcl", "wafv2:GetWebACL"),
    # The schema has the service's former name (CodePipeline User Guide, "CodePipeline permissions reference").
    "AWS::CodePipeline::Pipeline": ("codeconnections:PassConnection",),
    # VPC User Guide, "Private DNS" of interface endpoints; probably needed, missing in the schema.
    "AWS::EC2::VPCEndpoint": ("route53:AssociateVPCWithHostedZone",),
    # RDS User Guide, "Permissions required for Secrets Manager integration": the secret has our KMS key.
    "AWS::RDS::DBInstance": ("kms:Decrypt", "kms:GenerateDataKey", "secretsmanager:RotateSecret"),
    # Secrets Manager User Guide, "Permissions for the KMS key".
    "AWS::SecretsManager::Secret": ("kms:Decrypt", "kms:GenerateDataKey"),
}
"""Actions that the schemas omit."""

_NO_PROPERTY: Final = ""
"""For actions that no property of the type needs."""

ONLY_WITH: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("AWS::ApplicationAutoScaling::ScalableTarget", "*lambda*", ("lambda:*",)),
    ("AWS::Backup::BackupVault", "LockConfiguration", ("backup:PutBackupVaultLockConfiguration",)),
    ("AWS::CertificateManager::Certificate", "CertificateAuthorityArn", ("acm-pca:*",)),
    ("AWS::CloudFront::Distribution", "DistributionConfig.TenantConfig", ("cloudfront:CreateConnectionGroup",)),
    ("AWS::DynamoDB::Table", "ImportSourceSpecification", ("s3:*", "logs:*", "dynamodb:ImportTable", "kms:Encrypt")),
    ("AWS::DynamoDB::Table", "KinesisStreamSpecification", ("kinesis:*", "dynamodb:*KinesisStreamingDestination")),
    (
        "AWS::DynamoDB::Table",
        "Replicas",
        (
            *("dynamodb:CreateTableReplica", "dynamodb:AssociateTableReplica", "dynamodb:Scan", "dynamodb:Query"),
            *("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:DeleteItem"),
            "dynamodb:BatchWriteItem",
        ),
    ),
    ("AWS::EC2::FlowLog", "LogDestination", ("s3:*",)),
    ("AWS::EC2::VPC", "*EncryptionControl*", ("ec2:CreateVpcEncryptionControl",)),
    ("AWS::EC2::VPCEndpoint", "*ServiceNetwork*", ("vpc-lattice:Create*",)),
    ("AWS::EC2::VPCGatewayAttachment", "VpnGatewayId", ("ec2:AttachVpnGateway", "ec2:DetachVpnGateway")),
    ("AWS::ElastiCache::ReplicationGroup", "*firehose*", ("firehose:*",)),
    ("AWS::ElastiCache::ReplicationGroup", "SnapshotArns", ("s3:*",)),
    # It is for the service-linked role, whose policy AWS manages.
    ("AWS::ElastiCache::ParameterGroup", _NO_PROPERTY, ("iam:PutRolePolicy",)),
    ("AWS::ElasticLoadBalancingV2::*", "*cognito*", ("cognito-idp:*",)),
    ("AWS::IAM::Policy", "Users", ("iam:*UserPolicy",)),
    ("AWS::IAM::Policy", "Groups", ("iam:*GroupPolicy",)),
    ("AWS::Lambda::Function", "*CapacityProvider*", ("lambda:PassCapacityProvider",)),
    ("AWS::Lambda::Function", "FileSystemConfigs", ("elasticfilesystem:*", "s3files:*")),
    ("AWS::Lambda::Function", "VpcConfig", ("ec2:*",)),
    ("AWS::Logs::LogGroup", "*firehose*", ("firehose:*",)),
    ("AWS::RDS::DBInstance", "DBSnapshotIdentifier", ("rds:RestoreDBInstanceFromDBSnapshot",)),
    ("AWS::RDS::DBInstance", "*SourceDB*", ("rds:RestoreDBInstanceToPointInTime", "rds:*ReadReplica")),
    ("AWS::RDS::DBInstance", "AssociatedRoles", ("rds:AddRoleToDBInstance", "rds:RemoveRoleFromDBInstance")),
    ("AWS::RDS::DBInstance", "AutomaticBackupReplicationRegion", ("rds:St*AutomatedBackupsReplication",)),
    ("AWS::S3::Bucket", "*MetadataConfiguration*", ("s3tables:*", "s3:*BucketMetadata*")),
    # CloudFormation does not empty buckets; a function does.
    ("AWS::S3::Bucket", _NO_PROPERTY, ("s3:DeleteObject", "s3:PutObjectAcl")),
    ("AWS::WAFv2::WebACL", "*Marketplace*", ("payments:*",)),
    ("AWS::WAFv2::LoggingConfiguration", "*arn:aws:s3*", ("s3:*",)),
)
"""Actions that a resource needs only if it has the property: type, property, actions.

A property with `*` may occur anywhere in the resource's properties.
"""

NEVER: Final[Mapping[str, str]] = {
    "iam:DeleteRolePermissionsBoundary": "it would remove the limit from a role",
    "iam:DescribeOrganization": "is not an IAM action",
    "s3:REST.PUT.OBJECT": "is an operation in access logs, not an action",
}
"""Actions that are never allowed although a handler lists them, and why."""

UNLIMITED: Final[Mapping[str, str]] = {
    "cloudwatch:DescribeAlarms": "returns composite alarms only if it is allowed on `*` (CloudWatch API Reference)",
    "cloudwatch:GetMetricData": "reads metrics, which have no ARN",
}
"""Actions that are allowed on all resources although the reference lists resource types, and why."""

SERVICE_LINKED_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": ("ecs.application-autoscaling.amazonaws.com",),
    "AWS::Backup::BackupSelection": ("backup.amazonaws.com",),
    "AWS::Backup::RestoreTestingPlan": ("restoretesting.backup.amazonaws.com", "restore-testing.backup.amazonaws.com"),
    "AWS::Chatbot::SlackChannelConfiguration": ("management.chatbot.amazonaws.com",),
    "AWS::CloudTrail::Trail": ("cloudtrail.amazonaws.com",),
    "AWS::Config::ConfigurationRecorder": ("config.amazonaws.com",),
    "AWS::DynamoDB::Table": ("replication.dynamodb.amazonaws.com",),
    "AWS::EC2::FlowLog": ("delivery.logs.amazonaws.com",),
    "AWS::ECS::Cluster": ("ecs.amazonaws.com",),
    "AWS::ElastiCache::ParameterGroup": ("elasticache.amazonaws.com",),
    "AWS::ElastiCache::ReplicationGroup": ("elasticache.amazonaws.com",),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("elasticloadbalancing.amazonaws.com",),
    "AWS::GuardDuty::Detector": ("guardduty.amazonaws.com", "malware-protection.guardduty.amazonaws.com"),
    "AWS::RDS::DBInstance": ("rds.amazonaws.com",),
    "AWS::RDS::DBParameterGroup": ("rds.amazonaws.com",),
    "AWS::RDS::DBSubnetGroup": ("rds.amazonaws.com",),
    "AWS::WAFv2::LoggingConfiguration": ("wafv2.amazonaws.com",),
}
"""Services that create a service-linked role with their first resource of the type.

Source: IAM User Guide, "AWS services that work with IAM", and each service's page on its service-linked role.
"""

_BOUNDED: Final = frozenset(
    {
        *("iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:DeleteRolePolicy"),
        *("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
    }
)
"""Actions with the condition key `iam:PermissionsBoundary` (Service Authorization Reference, IAM)."""

_ATTACHING: Final = frozenset({"iam:AttachRolePolicy", "iam:DetachRolePolicy"})

_ALSO_PASSED_TO: Final[Mapping[str, tuple[str, ...]]] = {
    "ecs-tasks.amazonaws.com": ("ecs.amazonaws.com",),
    "backup.amazonaws.com": ("restore-testing.backup.amazonaws.com",),
    "monitoring.rds.amazonaws.com": ("rds.amazonaws.com",),
}
"""Further services that iam:PassRole must name, by the service that assumes the role."""


def needs(stacks: Sequence[Stack], *, further_actions: Iterable[str] = ()) -> list[Need]:
    """Return what CloudFormation needs in the account of these stacks.

    `further_actions` are added to those of the schemas. Raise PolicyError for a type whose actions are unknown, and for
    a further action that AWS does not have or that belongs to IAM.
    """
    names = Names.of(stacks)
    actions: set[str] = set()
    for stack in stacks:
        for resource in stack.resources.values():
            actions |= actions_of(resource["Type"], resource.get("Properties", {}))
    further = list(further_actions)
    if problems := refused_actions(further):
        raise PolicyError("\n".join(problems))
    actions.update(further)
    limits = Limits(names, actions)
    found = {need for action in actions - set(NEVER) for need in _limited_needs(action, limits, stacks)}
    return sorted(found | set(_needs_of_every_stack(stacks)))


def refused_actions(further_actions: Iterable[str]) -> list[str]:
    """Return a line for each further action that cannot be added, in the form of mistakes in the settings."""
    lines: list[str] = []
    for index, action in enumerate(further_actions):
        place = f'pipeline.execution_actions[{index}]: "{action}"'
        if action.startswith("iam:"):
            lines.append(f"{place} is of IAM, whose actions come from the templates alone; remove it")
        elif resource_types(action) is None:
            lines.append(f"{place} is no action that AWS has; remove it")
    return lines


def actions_of(resource_type: str, properties: Mapping[str, Any]) -> frozenset[str]:
    """Return the actions that the deployment of a resource needs, by its handlers and the tables of this file."""
    known = "AWS::CloudFormation::CustomResource" if resource_type.startswith("Custom::") else resource_type
    found = WITHOUT_HANDLERS.get(known)
    if found is None:
        handlers = handler_permissions(known)
        if handlers is None:
            raise PolicyError(
                f"{resource_type}: AWS's schema does not list the permissions it needs; "
                "add them to WITHOUT_HANDLERS in execution_policies/needs.py, with their source"
            )
        found = tuple(handlers)
    unused = [
        pattern
        for kind, where, patterns in ONLY_WITH
        if fnmatchcase(resource_type, kind) and not _has(properties, where)
        for pattern in patterns
    ]
    listed = {*found, *ADDITIONAL.get(known, ())}
    return frozenset(
        action for action in listed if is_read(action) or not any(fnmatchcase(action, pattern) for pattern in unused)
    )


def is_read(action: str) -> bool:
    """Tell whether the action reads a resource's configuration and not its content.

    These actions are always kept, because handlers read unused properties too.
    """
    name = action.partition(":")[2]
    return name.startswith(("Describe", "List", "Get")) and action not in {
        *(
            "s3:GetObject",
            "s3:GetObjectMetadata",
            "s3:GetObjectVersion",
            "dynamodb:GetItem",
            "iam:GetUserPolicy",
            "iam:GetGroupPolicy",
        ),
    }


def _has(properties: Mapping[str, Any], where: str) -> bool:
    if where == _NO_PROPERTY:
        return False
    if "*" in where:
        return where.strip("*").lower() in str(properties).lower()
    value: Any = properties
    for key in where.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value is not None


class Limits:
    """The resources of the account that each action is limited to."""

    def __init__(self, names: Names, actions: Iterable[str]) -> None:
        self._names = names
        # Types that our actions must work on, because an action has no other type.
        self._only_types = {
            f"{action.partition(':')[0]}:{types[0]}"
            for action in set(actions) - set(UNLIMITED)
            if len(types := resource_types(action) or ()) == 1
        }
        self._services_with_names = {
            kind.partition(":")[0] for naming in NAMINGS.values() for kind in naming.arns if names.is_named(kind)
        }

    def resources(self, action: str) -> tuple[str, ...]:
        """Return the patterns of the resources that the action is allowed on."""
        service = action.partition(":")[0]
        types = resource_types(action)
        if types is None and service == "s3":
            # Schemas also list S3's API calls, which are not actions.
            types = ("bucket",)
        kinds = [f"{service}:{one}" for one in types or ()]
        if not kinds or action in UNLIMITED:
            return ("*",)
        if service not in self._services_with_names and service not in ("route53", "wafv2"):
            return (self._names.everything_of(kinds[0]),)
        ours = [kind for kind in kinds if self._names.is_named(kind) or kind in self._only_types] or kinds
        return tuple(sorted({arn for kind in ours for arn in self._names.arns(kind)}))


def _limited_needs(action: str, limits: Limits, stacks: Sequence[Stack]) -> Iterator[Need]:
    """Yield the action with its resources and its condition."""
    if action == "iam:PassRole":
        services = ("StringEquals", "iam:PassedToService", tuple(sorted(_trusted_services(stacks))))
        yield Need(action, limits.resources(action), (services,))
        # The roles of a pipeline's actions in its own account.
        if deploying := tuple(sorted(_action_roles(stacks))):
            yield Need(action, deploying, (("StringEquals", "iam:PassedToService", ("codepipeline.amazonaws.com",)),))
    elif action == "iam:CreateServiceLinkedRole":
        if services := sorted(_service_linked_roles(stacks)):
            roles = f"arn:{stacks[0].partition}:iam::{stacks[0].account}:role/aws-service-role/*"
            yield Need(action, (roles,), (("StringEquals", "iam:AWSServiceName", tuple(services)),))
    elif action in _BOUNDED:
        condition: list[tuple[str, str, tuple[str, ...]]] = [
            ("StringEquals", "iam:PermissionsBoundary", (boundary_arn(stacks),))
        ]
        if action in _ATTACHING:
            attached = tuple(sorted(managed_policies(stacks)))
            if not attached:
                return
            condition.append(("ArnEquals", "iam:PolicyARN", attached))
        yield Need(action, limits.resources(action), tuple(condition))
    elif action in ("s3:GetObject", "s3:GetObjectVersion"):
        # The code of functions, but no content of our buckets.
        buckets = sorted({stack.asset_bucket for stack in stacks if stack.asset_bucket})
        yield Need(action, tuple(f"arn:{stacks[0].partition}:s3:::{bucket}/*" for bucket in buckets))
    else:
        yield Need(action, limits.resources(action))


def _needs_of_every_stack(stacks: Sequence[Stack]) -> Iterator[Need]:
    """Yield the needs of every stack, independent of its resources."""
    account, where = stacks[0].account, stacks[0].partition
    parameters = {f"arn:{where}:ssm:*:{account}:parameter{stack.bootstrap_parameter}" for stack in stacks}
    # For the template's parameter BootstrapVersion.
    yield Need("ssm:GetParameters", tuple(sorted(parameters)))
    read = {name for stack in stacks for name in _stacks_read(stack.template)}
    if read:
        # Fn::GetStackOutput describes the other stack (CloudFormation Template Reference).
        families = sorted({stack.family for stack in stacks if any(name.startswith(stack.family) for name in read)})
        yield Need(
            "cloudformation:DescribeStacks",
            tuple(f"arn:{where}:cloudformation:*:{account}:stack/{family}*" for family in families),
        )


def boundary_arn(stacks: Sequence[Stack]) -> str:
    """Return the ARN of the boundary in the account of these stacks."""
    return f"arn:{stacks[0].partition}:iam::{stacks[0].account}:policy/{BOUNDARY}"


def managed_policies(stacks: Iterable[Stack]) -> set[str]:
    """Return the ARNs of the managed policies that the stacks attach to roles."""
    return {
        stack.text(policy)
        for stack in stacks
        for resource in stack.resources.values()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource.get("Properties", {}).get("ManagedPolicyArns", ())
    }


def _trusted_services(stacks: Iterable[Stack]) -> set[str]:
    """Return the services that may assume roles of these stacks."""
    found: set[str] = set()
    for stack in stacks:
        for resource in stack.resources.values():
            if resource["Type"] != "AWS::IAM::Role":
                continue
            for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                principal = statement.get("Principal", {})
                services = principal.get("Service", []) if isinstance(principal, dict) else []
                for service in services if isinstance(services, list) else [services]:
                    name = stack.text(service)
                    found.update((name, *_ALSO_PASSED_TO.get(name, ())))
    return found


def _action_roles(stacks: Iterable[Stack]) -> set[str]:
    found: set[str] = set()
    for stack in stacks:
        for resource in stack.resources.values():
            if resource["Type"] == "AWS::CodePipeline::Pipeline":
                actions = (one for stage in resource["Properties"]["Stages"] for one in stage["Actions"])
                found |= {stack.text(one["RoleArn"]) for one in actions if "RoleArn" in one}
    return {role for role in found if f":iam::{next(iter(stacks)).account}:role/cdk-" in role}


def _service_linked_roles(stacks: Iterable[Stack]) -> set[str]:
    types = {resource["Type"] for stack in stacks for resource in stack.resources.values()}
    return {service for one in types for service in SERVICE_LINKED_ROLES.get(one, ())}


def _stacks_read(value: Any) -> Iterator[str]:
    """Yield the names of the stacks whose outputs a template reads."""
    if isinstance(value, dict):
        if isinstance(output := value.get("Fn::GetStackOutput"), dict):
            yield str(output.get("StackName"))
        for item in value.values():
            yield from _stacks_read(item)
    elif isinstance(value, list):
        for item in value:
            yield from _stacks_read(item)
