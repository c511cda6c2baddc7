"""Resources for probes, each with the fewest properties that AWS accepts."""

import json
from typing import Any

VERSION = "2012-10-17"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a template's resource."""
    return {"Type": kind, "Properties": properties}


def ref(name: str) -> dict[str, str]:
    """Return a reference."""
    return {"Ref": name}


def attribute(name: str, of: str) -> dict[str, list[str]]:
    """Return a reference to an attribute."""
    return {"Fn::GetAtt": [name, of]}


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def policy(*statements: Any, version: str = VERSION) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": version, "Statement": list(statements)}


def trust(service: str = "lambda.amazonaws.com", **more: Any) -> dict[str, Any]:
    """Return a trust policy for a service."""
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **more})


def role(name: str | None = None, **properties: Any) -> dict[str, Any]:
    """Return a role that Lambda may assume."""
    named = {"RoleName": name} if name else {}
    return resource("AWS::IAM::Role", **{"AssumeRolePolicyDocument": trust(), **named, **properties})


def log_group(name: str | None = "/probe", **properties: Any) -> dict[str, Any]:
    """Return a log group."""
    return resource("AWS::Logs::LogGroup", **{**({"LogGroupName": name} if name else {}), **properties})


def function(role_arn: Any, **properties: Any) -> dict[str, Any]:
    """Return a Lambda function."""
    made = {
        "Role": role_arn,
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": "def handler(event, context): pass"},
    }
    return resource("AWS::Lambda::Function", **{**made, **properties})


def with_role(**properties: Any) -> dict[str, Any]:
    """Return a function and its role."""
    return {"Role": role(), "Function": function(attribute("Role", "Arn"), **properties)}


def alarm(name: str, **properties: Any) -> dict[str, Any]:
    """Return a metric alarm."""
    made = {
        "AlarmName": name,
        "Namespace": "probe",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    return resource("AWS::CloudWatch::Alarm", **{**made, **properties})


NETWORK = {
    "Network": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
    "One": resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.1.0/24", AvailabilityZone="eu-west-1a"),
    "Two": resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.2.0/24", AvailabilityZone="eu-west-1b"),
}
"""A network with two subnets."""


def database(**properties: Any) -> dict[str, Any]:
    """Return a PostgreSQL instance."""
    made = {
        "DBInstanceIdentifier": "probe",
        "Engine": "postgres",
        "EngineVersion": "15.15",
        "DBInstanceClass": "db.t3.small",
        "AllocatedStorage": "100",
        "MasterUsername": "yawl",
        "ManageMasterUserPassword": True,
    }
    return {**resource("AWS::RDS::DBInstance", **{**made, **properties}), "DeletionPolicy": "Delete"}


def key(*statements: Any, **properties: Any) -> dict[str, Any]:
    """Return a key with these statements; by default its account administers it."""
    administer = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
        "Action": "kms:*",
        "Resource": "*",
    }
    return resource("AWS::KMS::Key", **{"KeyPolicy": policy(*(statements or (administer,))), **properties})


def bucket(name: str, **properties: Any) -> dict[str, Any]:
    """Return a bucket."""
    return resource("AWS::S3::Bucket", BucketName=name, **properties)


def bucket_policy(name: Any, *statements: Any) -> dict[str, Any]:
    """Return a bucket's policy."""
    return resource("AWS::S3::BucketPolicy", Bucket=name, PolicyDocument=policy(*statements))


def task(**properties: Any) -> dict[str, Any]:
    """Return a Fargate task definition."""
    made = {
        "Family": "probe",
        "RequiresCompatibilities": ["FARGATE"],
        "NetworkMode": "awsvpc",
        "Cpu": "256",
        "Memory": "512",
        "ContainerDefinitions": [{"Name": "engine", "Image": "public.ecr.aws/nginx/nginx:1", "Essential": True}],
    }
    return resource("AWS::ECS::TaskDefinition", **{**made, **properties})


def service(**properties: Any) -> dict[str, Any]:
    """Return a Fargate service in the cluster `Cluster`."""
    made = {
        "Cluster": ref("Cluster"),
        "TaskDefinition": ref("Task"),
        "LaunchType": "FARGATE",
        "DesiredCount": 0,
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [ref("One"), ref("Two")]}},
    }
    return resource("AWS::ECS::Service", **{**made, **properties})


def cluster(name: str = "probe") -> dict[str, Any]:
    """Return a cluster."""
    return resource("AWS::ECS::Cluster", ClusterName=name)


def with_service(**properties: Any) -> dict[str, Any]:
    """Return a service and the resources that it needs."""
    return {**NETWORK, "Cluster": cluster(), "Task": task(), "Service": service(**properties)}


def load_balancer(name: str | None = "probe", **properties: Any) -> dict[str, Any]:
    """Return a load balancer in the network's two subnets."""
    named = {"Name": name} if name else {}
    return resource(
        "AWS::ElasticLoadBalancingV2::LoadBalancer", **{"Subnets": [ref("One"), ref("Two")], **named, **properties}
    )


def target_group(name: str | None = "probe", **properties: Any) -> dict[str, Any]:
    """Return a target group of addresses."""
    made = {"Port": 8080, "Protocol": "HTTP", "TargetType": "ip", "VpcId": ref("Network")}
    named = {"Name": name} if name else {}
    return resource("AWS::ElasticLoadBalancingV2::TargetGroup", **{**made, **named, **properties})


def project(name: str = "probe", **properties: Any) -> dict[str, Any]:
    """Return a build project."""
    made = {
        "Name": name,
        "ServiceRole": attribute("Role", "Arn"),
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Environment": {
            "Type": "LINUX_CONTAINER",
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "Image": "aws/codebuild/standard:7.0",
        },
        "Source": {"Type": "NO_SOURCE", "BuildSpec": "version: 0.2"},
    }
    return resource("AWS::CodeBuild::Project", **{**made, **properties})


def pipeline(name: str = "probe", **properties: Any) -> dict[str, Any]:
    """Return a pipeline of two stages."""
    approve = {
        "Name": "Approve",
        "ActionTypeId": {"Category": "Approval", "Owner": "AWS", "Provider": "Manual", "Version": "1"},
    }
    made = {
        "Name": name,
        "RoleArn": attribute("Role", "Arn"),
        "ArtifactStore": {"Type": "S3", "Location": "artifacts"},
        "Stages": [{"Name": "One", "Actions": [approve]}, {"Name": "Two", "Actions": [approve]}],
    }
    return resource("AWS::CodePipeline::Pipeline", **{**made, **properties})


def web_acl(name: str = "probe", scope: str = "REGIONAL", **properties: Any) -> dict[str, Any]:
    """Return a web ACL without rules."""
    made: dict[str, Any] = {
        "Name": name,
        "Scope": scope,
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": {
            "SampledRequestsEnabled": False,
            "CloudWatchMetricsEnabled": False,
            "MetricName": "probe",
        },
    }
    return resource("AWS::WAFv2::WebACL", **{**made, **properties})


def access_control(name: str = "probe") -> dict[str, Any]:
    """Return an origin access control."""
    return resource(
        "AWS::CloudFront::OriginAccessControl",
        OriginAccessControlConfig={
            "Name": name,
            "OriginAccessControlOriginType": "s3",
            "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        },
    )


def cache_policy(name: str = "probe", **config: Any) -> dict[str, Any]:
    """Return a cache policy."""
    made = {
        "Name": name,
        "DefaultTTL": 60,
        "MinTTL": 1,
        "MaxTTL": 600,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "CookiesConfig": {"CookieBehavior": "none"},
            "HeadersConfig": {"HeaderBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
            "EnableAcceptEncodingGzip": True,
        },
    }
    return resource("AWS::CloudFront::CachePolicy", CachePolicyConfig={**made, **config})


def edge_function(name: str = "probe") -> dict[str, Any]:
    """Return a CloudFront function."""
    return resource(
        "AWS::CloudFront::Function",
        Name=name,
        AutoPublish=True,
        FunctionCode="function handler(event) { return event.request; }",
        FunctionConfig={"Comment": "probe", "Runtime": "cloudfront-js-2.0"},
    )


def subnet_group(name: str | None = "probe", **properties: Any) -> dict[str, Any]:
    """Return a database's subnet group."""
    named = {"DBSubnetGroupName": name} if name else {}
    made = {"DBSubnetGroupDescription": "probe", "SubnetIds": [ref("One"), ref("Two")]}
    return resource("AWS::RDS::DBSubnetGroup", **{**made, **named, **properties})


def parameter_group(name: str | None = "probe", **properties: Any) -> dict[str, Any]:
    """Return a database's parameter group."""
    named = {"DBParameterGroupName": name} if name else {}
    return resource(
        "AWS::RDS::DBParameterGroup", **{"Description": "probe", "Family": "postgres15", **named, **properties}
    )


def table(name: str = "probe", **properties: Any) -> dict[str, Any]:
    """Return a DynamoDB table."""
    made = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    return resource("AWS::DynamoDB::Table", **{**made, **properties})


def rule(name: str = "probe", **properties: Any) -> dict[str, Any]:
    """Return an event rule."""
    return resource("AWS::Events::Rule", **{"Name": name, "EventPattern": {"source": ["probe"]}, **properties})


def secret(name: str = "probe", **properties: Any) -> dict[str, Any]:
    """Return a secret with a generated value."""
    return resource("AWS::SecretsManager::Secret", **{"Name": name, "GenerateSecretString": {}, **properties})


def parameter(name: str = "/probe", **properties: Any) -> dict[str, Any]:
    """Return an SSM parameter."""
    return resource("AWS::SSM::Parameter", **{"Name": name, "Type": "String", "Value": "1", **properties})


def vault(name: str = "probe", **properties: Any) -> dict[str, Any]:
    """Return a backup vault."""
    return resource("AWS::Backup::BackupVault", BackupVaultName=name, **properties)


def dashboard(name: str = "probe") -> dict[str, Any]:
    """Return a dashboard."""
    return resource("AWS::CloudWatch::Dashboard", DashboardName=name, DashboardBody=json.dumps({"widgets": []}))


def retained(made: dict[str, Any]) -> dict[str, Any]:
    """Return the resource with policies that retain it."""
    return {**made, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
