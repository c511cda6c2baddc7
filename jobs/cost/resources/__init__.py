"""What each resource type is charged for. Every type of the templates must be in one of the two tables."""

from collections.abc import Mapping

from jobs.cost.charges import Pricer
from jobs.cost.resources import databases, delivery, edge, monitoring, network, storage, tasks

PRICED: Mapping[str, Pricer] = {
    "AWS::Backup::BackupPlan": storage.backup_plan,
    "AWS::Backup::BackupVault": storage.backup_vault,
    "AWS::Backup::RestoreTestingPlan": storage.restore_test,
    "AWS::CloudFront::Distribution": edge.distribution,
    "AWS::CloudFront::Function": edge.function,
    "AWS::CloudTrail::Trail": monitoring.trail,
    "AWS::CloudWatch::Alarm": monitoring.alarm,
    "AWS::CloudWatch::CompositeAlarm": monitoring.composite_alarm,
    "AWS::CloudWatch::Dashboard": monitoring.dashboard,
    "AWS::CodeBuild::Project": delivery.build,
    "AWS::CodePipeline::Pipeline": delivery.pipeline,
    "AWS::Config::ConfigRule": monitoring.config_rule,
    "AWS::Config::ConfigurationRecorder": monitoring.recorder,
    "AWS::EC2::EIP": network.address,
    "AWS::EC2::NatGateway": network.nat_gateway,
    "AWS::EC2::VPC": network.vpc,
    "AWS::EC2::VPCEndpoint": network.endpoint,
    "AWS::ECS::Cluster": tasks.cluster,
    "AWS::ECS::Service": tasks.service,
    "AWS::ElastiCache::ReplicationGroup": databases.cache,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": network.load_balancer,
    "AWS::GuardDuty::Detector": monitoring.detector,
    "AWS::KMS::Key": storage.key,
    "AWS::KMS::ReplicaKey": storage.key,
    "AWS::Logs::LogGroup": monitoring.log_group,
    "AWS::Logs::MetricFilter": monitoring.metric_filter,
    "AWS::RDS::DBInstance": databases.database,
    "AWS::Route53::HostedZone": network.hosted_zone,
    "AWS::S3::Bucket": storage.bucket,
    "AWS::SecretsManager::Secret": storage.secret,
    "AWS::WAFv2::WebACL": edge.web_acl,
}

NEVER_CHARGED = "never charged"
CHARGED_ELSEWHERE = "charged with the resource that it belongs or writes to"
LESS_THAN_A_CENT = "charged per call; the few calls cost less than a cent or are in the free tier"

FREE: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "AWS::Backup::BackupSelection",
            "AWS::Backup::RestoreTestingSelection",
            "AWS::Budgets::Budget",
            "AWS::CDK::Metadata",
            "AWS::CertificateManager::Certificate",
            "AWS::Chatbot::SlackChannelConfiguration",
            "AWS::CloudFront::CachePolicy",
            "AWS::CloudFront::OriginAccessControl",
            "AWS::CloudFront::OriginRequestPolicy",
            "AWS::CloudFront::ResponseHeadersPolicy",
            "AWS::CodeStarNotifications::NotificationRule",
            "AWS::EC2::InternetGateway",
            "AWS::EC2::NetworkAcl",
            "AWS::EC2::NetworkAclEntry",
            "AWS::EC2::Route",
            "AWS::EC2::RouteTable",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::EC2::Subnet",
            "AWS::EC2::SubnetNetworkAclAssociation",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::VPCGatewayAttachment",
            "AWS::ECS::ClusterCapacityProviderAssociations",
            "AWS::ElastiCache::ParameterGroup",
            "AWS::ElastiCache::SubnetGroup",
            "AWS::Events::EventBusPolicy",
            "AWS::IAM::InstanceProfile",
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::OIDCProvider",
            "AWS::IAM::Policy",
            "AWS::IAM::Role",
            "AWS::IAM::ServiceLinkedRole",
            "AWS::KMS::Alias",
            "AWS::Lambda::EventInvokeConfig",
            "AWS::Lambda::LayerVersion",
            "AWS::Lambda::Permission",
            "AWS::Logs::QueryDefinition",
            "AWS::Logs::ResourcePolicy",
            "AWS::RDS::DBParameterGroup",
            "AWS::RDS::DBSubnetGroup",
            "AWS::Route53::RecordSet",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Subscription",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueuePolicy",
            "AWS::SSM::Parameter",
            "AWS::SecretsManager::ResourcePolicy",
            "AWS::SecretsManager::RotationSchedule",
            "AWS::SecretsManager::SecretTargetAttachment",
            "AWS::WAFv2::WebACLAssociation",
        ),
        NEVER_CHARGED,
    ),
    **dict.fromkeys(
        (
            "AWS::Athena::NamedQuery",
            "AWS::Athena::WorkGroup",
            "AWS::Config::DeliveryChannel",
            "AWS::EC2::FlowLog",
            "AWS::ECS::TaskDefinition",
            "AWS::ElasticLoadBalancingV2::Listener",
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "AWS::Glue::Database",
            "AWS::Glue::Table",
            "AWS::WAFv2::LoggingConfiguration",
        ),
        CHARGED_ELSEWHERE,
    ),
    **dict.fromkeys(
        (
            "AWS::DynamoDB::Table",
            "AWS::Events::Rule",
            "AWS::Lambda::Function",
            "AWS::SNS::Topic",
            "AWS::SQS::Queue",
            "AWS::Scheduler::Schedule",
        ),
        LESS_THAN_A_CENT,
    ),
}
"""Types that are free, each with the reason."""


def is_custom(type_name: str) -> bool:
    """Return whether a type is a custom resource, which costs only what its Lambda function costs."""
    return type_name.startswith("Custom::") or type_name == "AWS::CloudFormation::CustomResource"
