"""The AWS services that the pipeline and environments use."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Service:
    """A service, or a part of one, that a region may lack."""

    name: str
    types: tuple[str, ...]
    """The CloudFormation resource types that use it. A region needs all of them."""
    endpoint: str | None = None
    """Its name in botocore's list of endpoints; None where that list says nothing about regions."""


def _service(name: str, prefix: str, types: str, endpoint: str | None = None) -> Service:
    return Service(name, tuple(f"AWS::{prefix}::{kind}" for kind in types.split()), endpoint)


CODEPIPELINE: Final = _service("CodePipeline", "CodePipeline", "Pipeline", "codepipeline")
"""Also needed wherever an action deploys to (CodePipeline User Guide, "Add a cross-Region action")."""
CODEBUILD: Final = _service("CodeBuild", "CodeBuild", "Project", "codebuild")
# botocore lists it under its former name only. Its regions are those that AWS's documentation names (CodePipeline User
# Guide, "CodeStarSourceConnection").
CODECONNECTIONS: Final = _service("CodeConnections", "CodeConnections", "Connection", "codestar-connections")
CHAT: Final = _service("Amazon Q Developer in chat applications", "Chatbot", "SlackChannelConfiguration")
_BACKUP: Final = _service("AWS Backup", "Backup", "BackupPlan BackupSelection BackupVault", "backup")
RESTORE_TESTING: Final = _service(
    "restore testing of AWS Backup", "Backup", "RestoreTestingPlan RestoreTestingSelection"
)
# Its API is global, so botocore knows one endpoint. CloudFormation has the resource type in some regions only
# (aws-cloudformation/cloudformation-coverage-roadmap#2177).
BUDGETS: Final = _service("AWS Budgets in CloudFormation", "Budgets", "Budget")
GUARDDUTY: Final = _service("GuardDuty", "GuardDuty", "Detector", "guardduty")
CONFIG: Final = _service("AWS Config", "Config", "ConfigurationRecorder DeliveryChannel", "config")
CERTIFICATES: Final = _service("AWS Certificate Manager", "CertificateManager", "Certificate", "acm")
CLOUDTRAIL: Final = _service("CloudTrail", "CloudTrail", "Trail", "cloudtrail")

_STORAGE: Final = (
    _service("AWS KMS", "KMS", "Alias Key", "kms"),
    _service("Amazon S3", "S3", "Bucket BucketPolicy", "s3"),
)
_FUNCTIONS: Final = (
    _service("AWS Lambda", "Lambda", "EventInvokeConfig Function Permission", "lambda"),
    _service("CloudWatch", "CloudWatch", "Alarm CompositeAlarm Dashboard", "monitoring"),
    _service("CloudWatch Logs", "Logs", "LogGroup QueryDefinition", "logs"),
    _service("EventBridge", "Events", "Rule", "events"),
    _service("IAM", "IAM", "ManagedPolicy Policy Role"),
    _service("Amazon SNS", "SNS", "Subscription Topic TopicPolicy", "sns"),
    _service("Amazon SQS", "SQS", "Queue QueuePolicy", "sqs"),
    _service("Systems Manager", "SSM", "Parameter", "ssm"),
)
BACKUPS: Final = (_BACKUP, *_FUNCTIONS)
FIREWALL: Final = (
    CODEPIPELINE,
    _service("AWS WAF", "WAFv2", "LoggingConfiguration WebACL", "wafv2"),
    *_STORAGE,
    *_FUNCTIONS,
)
"""What the edge's region needs."""
PIPELINE: Final = (
    CODEPIPELINE,
    CODEBUILD,
    CODECONNECTIONS,
    *_STORAGE,
    *_FUNCTIONS,
    _service("DynamoDB", "DynamoDB", "Table", "dynamodb"),
)
"""What the pipeline's region needs."""
COPIES: Final = (CODEPIPELINE, *BACKUPS, *_STORAGE)
"""What the region of copies needs."""
ENVIRONMENT: Final = (
    CODEPIPELINE,
    *_STORAGE,
    *_FUNCTIONS,
    _service(
        "Amazon VPC",
        "EC2",
        "EIP FlowLog InternetGateway NatGateway Route RouteTable SecurityGroup SecurityGroupEgress "
        "SecurityGroupIngress Subnet SubnetRouteTableAssociation VPC VPCEndpoint VPCGatewayAttachment",
        "ec2",
    ),
    _service("Amazon ECS", "ECS", "Cluster Service TaskDefinition", "ecs"),
    _service("Amazon RDS", "RDS", "DBInstance DBParameterGroup DBSubnetGroup", "rds"),
    _service("ElastiCache", "ElastiCache", "ParameterGroup ReplicationGroup SubnetGroup", "elasticache"),
    _service(
        "Elastic Load Balancing",
        "ElasticLoadBalancingV2",
        "Listener ListenerRule LoadBalancer TargetGroup",
        "elasticloadbalancing",
    ),
    _service(
        "Application Auto Scaling",
        "ApplicationAutoScaling",
        "ScalableTarget ScalingPolicy",
        "application-autoscaling",
    ),
    _service("Secrets Manager", "SecretsManager", "RotationSchedule Secret", "secretsmanager"),
    _service(
        "CloudFront",
        "CloudFront",
        "CachePolicy Distribution Function OriginAccessControl ResponseHeadersPolicy",
    ),
    _service("Route 53", "Route53", "RecordSet"),
)
"""What each region of an environment needs."""

SERVICES: Final = tuple(
    dict.fromkeys(
        (
            *PIPELINE,
            *ENVIRONMENT,
            CHAT,
            *BACKUPS,
            RESTORE_TESTING,
            BUDGETS,
            GUARDDUTY,
            CONFIG,
            *FIREWALL,
            CERTIFICATES,
            CLOUDTRAIL,
        )
    )
)
"""All of them, in the order of the data file."""
