"""How AWS names resources: the results of `Ref` and `Fn::GetAtt`, and the ARN that policies use."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Naming:
    """How resources of one type are named.

    `property` holds the name; without it CloudFormation generates one. `arn` is a pattern over
    `partition`, `region`, `account` and `name`. `ref_is_arn` says that `Ref` returns the ARN and not the name.
    """

    property: str
    arn: str
    ref_is_arn: bool = False
    lowercase: bool = False
    stack_in_name: bool = True
    name_after: str = ""
    """The text before the name in the ARN, for types whose ARN alone CloudFormation returns."""


NAMINGS: dict[str, Naming] = {
    "AWS::Backup::BackupPlan": Naming("", "arn:aws:backup:{region}:{account}:backup-plan:{name}", stack_in_name=False),
    "AWS::Backup::BackupVault": Naming("BackupVaultName", "arn:aws:backup:{region}:{account}:backup-vault:{name}"),
    "AWS::Backup::RestoreTestingPlan": Naming(
        "RestoreTestingPlanName", "arn:aws:backup:{region}:{account}:restore-testing-plan:{name}"
    ),
    # CloudFormation generates a name; the documentation does not say from what.
    "AWS::Budgets::Budget": Naming("", "arn:aws:budgets::{account}:budget/{name}"),
    "AWS::CloudFront::Distribution": Naming(
        "", "arn:aws:cloudfront::{account}:distribution/{name}", stack_in_name=False
    ),
    "AWS::CloudFront::Function": Naming("Name", "arn:aws:cloudfront::{account}:function/{name}"),
    "AWS::CloudTrail::Trail": Naming("TrailName", "arn:aws:cloudtrail:{region}:{account}:trail/{name}"),
    "AWS::CloudWatch::Alarm": Naming("AlarmName", "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"),
    "AWS::CloudWatch::CompositeAlarm": Naming(
        "AlarmName", "arn:aws:cloudwatch:{region}:{account}:alarm:{name}", ref_is_arn=True, name_after=":alarm:"
    ),
    "AWS::CloudWatch::Dashboard": Naming("DashboardName", "arn:aws:cloudwatch::{account}:dashboard/{name}"),
    "AWS::CodeBuild::Project": Naming(
        "Name", "arn:aws:codebuild:{region}:{account}:project/{name}", stack_in_name=False
    ),
    "AWS::CodePipeline::Pipeline": Naming("Name", "arn:aws:codepipeline:{region}:{account}:{name}"),
    "AWS::DynamoDB::Table": Naming("TableName", "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    "AWS::EC2::SecurityGroup": Naming("", "arn:aws:ec2:{region}:{account}:security-group/{name}", stack_in_name=False),
    "AWS::EC2::VPC": Naming("", "arn:aws:ec2:{region}:{account}:vpc/{name}", stack_in_name=False),
    "AWS::ECR::Repository": Naming("RepositoryName", "arn:aws:ecr:{region}:{account}:repository/{name}"),
    "AWS::ECS::Cluster": Naming("ClusterName", "arn:aws:ecs:{region}:{account}:cluster/{name}"),
    "AWS::ECS::Service": Naming(
        "ServiceName", "arn:aws:ecs:{region}:{account}:service/{name}", ref_is_arn=True, name_after=":service/"
    ),
    "AWS::ECS::TaskDefinition": Naming(
        "Family",
        "arn:aws:ecs:{region}:{account}:task-definition/{name}:1",
        ref_is_arn=True,
        name_after=":task-definition/",
    ),
    "AWS::ElastiCache::ParameterGroup": Naming(
        "CacheParameterGroupName", "arn:aws:elasticache:{region}:{account}:parametergroup:{name}", lowercase=True
    ),
    "AWS::ElastiCache::ReplicationGroup": Naming(
        "ReplicationGroupId", "arn:aws:elasticache:{region}:{account}:replicationgroup:{name}", lowercase=True
    ),
    "AWS::ElastiCache::SubnetGroup": Naming(
        "CacheSubnetGroupName", "arn:aws:elasticache:{region}:{account}:subnetgroup:{name}", lowercase=True
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Naming(
        "Name",
        "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}",
        ref_is_arn=True,
        name_after=":loadbalancer/app/",
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Naming(
        "Name",
        "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}",
        ref_is_arn=True,
        name_after=":targetgroup/",
    ),
    "AWS::Events::Rule": Naming("Name", "arn:aws:events:{region}:{account}:rule/{name}"),
    "AWS::IAM::Role": Naming("RoleName", "arn:aws:iam::{account}:role/{name}"),
    "AWS::KMS::Alias": Naming("AliasName", "arn:aws:kms:{region}:{account}:{name}"),
    "AWS::KMS::Key": Naming("", "arn:aws:kms:{region}:{account}:key/{name}", stack_in_name=False),
    "AWS::Lambda::Function": Naming("FunctionName", "arn:aws:lambda:{region}:{account}:function:{name}"),
    "AWS::Logs::LogGroup": Naming("LogGroupName", "arn:aws:logs:{region}:{account}:log-group:{name}:*"),
    "AWS::RDS::DBInstance": Naming("DBInstanceIdentifier", "arn:aws:rds:{region}:{account}:db:{name}", lowercase=True),
    "AWS::RDS::DBParameterGroup": Naming(
        "DBParameterGroupName", "arn:aws:rds:{region}:{account}:pg:{name}", lowercase=True
    ),
    "AWS::RDS::DBSubnetGroup": Naming(
        "DBSubnetGroupName", "arn:aws:rds:{region}:{account}:subgrp:{name}", lowercase=True
    ),
    "AWS::S3::Bucket": Naming("BucketName", "arn:aws:s3:::{name}", lowercase=True),
    "AWS::SNS::Topic": Naming("TopicName", "arn:aws:sns:{region}:{account}:{name}", ref_is_arn=True, name_after=":"),
    "AWS::SQS::Queue": Naming("QueueName", "arn:aws:sqs:{region}:{account}:{name}", name_after="/"),
    # Our names begin with a slash.
    "AWS::SSM::Parameter": Naming("Name", "arn:aws:ssm:{region}:{account}:parameter{name}"),
    "AWS::SecretsManager::Secret": Naming(
        "Name", "arn:aws:secretsmanager:{region}:{account}:secret:{name}", ref_is_arn=True, name_after=":secret:"
    ),
    "AWS::WAFv2::WebACL": Naming("Name", "arn:aws:wafv2:{region}:{account}:global/webacl/{name}/id"),
}


def generated_name(resource_type: str, logical_id: str, stack: str) -> str:
    """Return a name as CloudFormation generates it: from the stack, the logical id, and a unique suffix."""
    token = hashlib.sha256(f"{stack}/{logical_id}/{resource_type}".encode()).hexdigest()
    naming = NAMINGS.get(resource_type)
    if resource_type == "AWS::KMS::Key":
        return f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:32]}"
    if naming is None or not (naming.property or naming.stack_in_name):
        return f"{resource_type.rpartition('::')[2].lower()}-{token[:17]}"
    parts = [stack, logical_id] if naming.stack_in_name else [logical_id]
    # A project's name has at most 40 characters, such as PipelineBuildSynthCdkBuildP-1A2B3C4D5E6F.
    longest = 27 if resource_type == "AWS::CodeBuild::Project" else 50
    name = f"{'-'.join(parts)[:longest]}-{token[:12]}"
    return name.lower() if naming.lowercase else name


def arn_of(resource_type: str, name: str, *, account: str, region: str) -> str:
    """Return the ARN of the resource of that name, or an empty text for a type without a pattern here."""
    naming = NAMINGS.get(resource_type)
    return naming.arn.format(name=name, account=account, region=region) if naming else ""
