"""CloudWatch Logs, and services that deliver logs: to log groups and to buckets."""

from collections.abc import Iterator

from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import (
    Call,
    Caller,
    CallerKind,
    assume,
    calls,
    deployer,
    key_calls,
    log_write,
    role,
    row,
    service,
    service_linked,
)

LOAD_BALANCER_ACCOUNTS = {
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-southeast-3": "589379963580",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
}
"""Elastic Load Balancing's own account by region; newer regions have a service principal instead."""


@row(
    "Amazon CloudWatch Logs",
    "AWS::Logs::LogGroup",
    source="CloudWatch Logs User Guide, 'Encrypt log data in CloudWatch Logs using AWS Key Management Service', "
    "'Set permissions on the KMS key'",
    open="That DescribeKey carries the encryption context: the guide's own policy allows it under that condition only.",
)
def encrypting_a_log_group(group: Resource, resources: Resources) -> Iterator[Call]:
    """Return CloudWatch Logs' use of the group's key, with the group's ARN as encryption context."""
    key = resources.key(group.at("KmsKeyId"), group)
    context = {
        "kms:EncryptionContext:aws:logs:arn": group.arn.removesuffix(":*"),
        "aws:SourceArn": group.arn.removesuffix(":*"),
        "aws:SourceAccount": group.account,
    }
    logs = service(f"logs.{group.region}")
    actions = "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey DescribeKey"
    yield from key_calls(logs, actions, key, context=context)


@row(
    "Amazon VPC",
    "AWS::EC2::FlowLog",
    source="VPC User Guide, 'IAM role for publishing flow logs to CloudWatch Logs'",
    open="The guide also lists CreateLogGroup and DescribeLogGroups; the group exists, and CDK's own role has neither.",
)
def publishing_flow_logs(flow_log: Resource, resources: Resources) -> Iterator[Call]:
    """Return how flow logs are written by their role."""
    arn = flow_log.at("DeliverLogsPermissionArn")
    group = resources.named("AWS::Logs::LogGroup", flow_log.at("LogGroupName", default=""), flow_log)
    if arn and group:
        yield from assume("vpc-flow-logs", arn)
        yield from log_write(role(arn), group.arn)
        yield from calls(role(arn), "logs:DescribeLogStreams", group.arn)


@row(
    "Amazon S3",
    "AWS::S3::Bucket",
    source="Amazon S3 User Guide, 'Enabling Amazon S3 server access logging', 'Permissions for log delivery'",
)
def delivering_server_access_logs(bucket: Resource, resources: Resources) -> Iterator[Call]:
    """Return the delivery of a bucket's access logs to another bucket, which its policy or its ACL allows."""
    if logging := bucket.at("LoggingConfiguration"):
        target = resources.bucket(logging.get("DestinationBucketName", bucket.physical_id))
        if target:
            name = f"{logging.get('LogFilePrefix', '')}2026-11-30-12-00-00-0123456789ABCDEF"
            context = {"aws__SourceArn": bucket.arn, "aws__SourceAccount": bucket.account}
            if not (_has_acls(target) and target.at("AccessControl") == "LogDeliveryWrite"):
                yield from calls(service("logging.s3"), "s3:PutObject", f"{target.arn}/{name}", **context)
            # Default encryption of the target may be with Amazon S3's keys only, or needs the key to allow the service.
            key = resources.bucket_key(target)
            yield from key_calls(service("logging.s3"), "GenerateDataKey Decrypt", key)


def _has_acls(bucket: Resource) -> bool:
    """Return whether a bucket's ACL counts; that of a new bucket does not ("Controlling ownership of objects")."""
    ownership = bucket.at("OwnershipControls", "Rules", 0, "ObjectOwnership", default="BucketOwnerEnforced")
    return ownership != "BucketOwnerEnforced"


@row(
    "Elastic Load Balancing",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    source="User Guide for Application Load Balancers, 'Enable access logs for your Application Load Balancer', "
    "'Step 2: Attach a policy to your S3 bucket'",
)
def delivering_load_balancer_logs(balancer: Resource, resources: Resources) -> Iterator[Call]:
    """Return the delivery of a load balancer's access logs, and the test file at its creation."""
    attributes = {item["Key"]: item["Value"] for item in balancer.at("LoadBalancerAttributes", default=[])}
    bucket = resources.bucket(attributes.get("access_logs.s3.bucket"))
    if attributes.get("access_logs.s3.enabled") != "true" or not bucket:
        return
    account = LOAD_BALANCER_ACCOUNTS.get(balancer.region)
    writer = (
        Caller(CallerKind.ACCOUNT, f"arn:aws:iam::{account}:root")
        if account
        else service("logdelivery.elasticloadbalancing")
    )
    prefix = attributes.get("access_logs.s3.prefix")
    folder = f"{prefix}/AWSLogs/{balancer.account}" if prefix else f"AWSLogs/{balancer.account}"
    for name in ("ELBAccessLogTestFile", f"elasticloadbalancing/{balancer.region}/2026/11/30/log.gz"):
        yield from calls(writer, "s3:PutObject", f"{bucket.arn}/{folder}/{name}")
    # "The only server-side encryption option that's supported is Amazon S3-managed keys."
    yield from key_calls(writer, "GenerateDataKey", resources.bucket_key(bucket))


@row(
    "Amazon CloudFront",
    "AWS::CloudFront::Distribution",
    source="CloudFront Developer Guide, 'Configure standard logging (legacy)', 'Permissions required': the bucket has "
    "ACLs, and who creates the distribution may read and change its ACL",
)
def delivering_distribution_logs(distribution: Resource, resources: Resources) -> Iterator[Call]:
    """Return the calls for a distribution's legacy logs; CloudFront itself writes by the bucket's ACL."""
    bucket = resources.bucket(distribution.at("DistributionConfig", "Logging", "Bucket"))
    if not bucket:
        return
    yield from calls(deployer(distribution), "s3:GetBucketAcl PutBucketAcl", bucket.arn)
    if not _has_acls(bucket):
        # Without ACLs nothing can allow the delivery, and it is refused.
        yield from calls(service("delivery.logs"), "s3:PutObject", f"{bucket.arn}/log", acl="awslogsdelivery")


@row(
    "AWS WAF",
    "AWS::WAFv2::LoggingConfiguration",
    source="AWS WAF Developer Guide, 'Sending web ACL traffic logs to a CloudWatch Logs log group', 'Permissions': "
    "creating the configuration writes the log group's resource policy",
)
def creating_firewall_log_delivery(configuration: Resource, _resources: Resources) -> Iterator[Call]:
    """Return the permissions that the creator of a web ACL's logging needs."""
    actions = "logs:CreateLogDelivery DeleteLogDelivery PutResourcePolicy DescribeResourcePolicies DescribeLogGroups"
    yield from calls(deployer(configuration), actions, "*")
    yield from calls(deployer(configuration), "wafv2:PutLoggingConfiguration", configuration.at("ResourceArn"))


@row(
    "AWS log delivery",
    "AWS::WAFv2::LoggingConfiguration",
    source="CloudWatch Logs User Guide, 'Enable logging from AWS services', 'Logs sent to CloudWatch Logs': the "
    "service-linked role writes, under the policy AWSLogDeliveryWrite20150319 that AWS keeps",
)
def delivering_firewall_logs(configuration: Resource, _resources: Resources) -> Iterator[Call]:
    """Return the writing of the web ACL's log."""
    for arn in configuration.at("LogDestinationConfigs", default=[]):
        yield from log_write(
            service_linked(configuration, "delivery.logs", "AWSServiceRoleForLogDelivery"), arn.removesuffix(":*")
        )


@row(
    "Amazon ElastiCache",
    "AWS::ElastiCache::ReplicationGroup",
    source="ElastiCache User Guide, 'Log delivery', 'Permissions to configure logging'",
)
def delivering_cache_logs(group: Resource, _resources: Resources) -> Iterator[Call]:
    """Return the permissions for configuring the delivery of a cache's logs, and the writing."""
    for item in group.at("LogDeliveryConfigurations", default=[]):
        name = item.get("DestinationDetails", {}).get("CloudWatchLogsDetails", {}).get("LogGroup")
        if name:
            actions = "logs:CreateLogDelivery PutResourcePolicy DescribeResourcePolicies DescribeLogGroups"
            yield from calls(deployer(group), actions, "*")
            arn = f"arn:aws:logs:{group.region}:{group.account}:log-group:{name}:*"
            yield from log_write(service_linked(group, "delivery.logs", "AWSServiceRoleForLogDelivery"), arn)


@row(
    "Amazon RDS",
    "AWS::RDS::DBInstance",
    source="Amazon RDS User Guide, 'Using service-linked roles for Amazon RDS': CloudWatch Logs",
)
def publishing_database_logs(instance: Resource, _resources: Resources) -> Iterator[Call]:
    """Return how a database's logs are written, by RDS's service-linked role."""
    for name in instance.at("EnableCloudwatchLogsExports", default=[]):
        arn = f"arn:aws:logs:{instance.region}:{instance.account}:log-group:/aws/rds/instance/{instance.name}/{name}:*"
        yield from log_write(service_linked(instance, "rds", "AWSServiceRoleForRDS"), arn)


@row(
    "Amazon RDS",
    "AWS::RDS::DBInstance",
    source="Amazon RDS User Guide, 'Setting up and enabling Enhanced Monitoring', 'Creating an IAM role'",
)
def publishing_enhanced_monitoring(instance: Resource, _resources: Resources) -> Iterator[Call]:
    """Return how a database's operating system metrics are written, by its role."""
    if arn := instance.at("MonitoringRoleArn"):
        yield from assume("monitoring.rds", arn)
        group = f"arn:aws:logs:{instance.region}:{instance.account}:log-group:RDSOSMetrics"
        yield from calls(role(arn), "logs:CreateLogGroup PutRetentionPolicy", f"{group}:*")
        stream = f"{group}:log-stream:db-0123456789"
        yield from calls(role(arn), "logs:CreateLogStream PutLogEvents DescribeLogStreams GetLogEvents", stream)


@row(
    "AWS CloudTrail",
    "AWS::CloudTrail::Trail",
    source="CloudTrail User Guide, 'Amazon S3 bucket policy for CloudTrail'",
)
def delivering_a_trail(trail: Resource, resources: Resources) -> Iterator[Call]:
    """Return the delivery of a trail's files and of their digests."""
    if bucket := resources.bucket(trail.at("S3BucketName")):
        context = {"aws__SourceArn": trail.arn, "aws__SourceAccount": trail.account}
        cloudtrail = service("cloudtrail")
        yield from calls(cloudtrail, "s3:GetBucketAcl", bucket.arn, **context)
        prefix = trail.at("S3KeyPrefix")
        folder = f"{prefix}/AWSLogs/{trail.account}" if prefix else f"AWSLogs/{trail.account}"
        context["s3__x_amz_acl"] = "bucket-owner-full-control"
        for name in ("CloudTrail", "CloudTrail-Digest") if trail.at("EnableLogFileValidation") else ("CloudTrail",):
            yield from calls(cloudtrail, "s3:PutObject", f"{bucket.arn}/{folder}/{name}/file.json.gz", **context)


@row(
    "AWS CloudTrail",
    "AWS::CloudTrail::Trail",
    source="CloudTrail User Guide, 'Configure AWS KMS key policies for CloudTrail', 'Granting encrypt permissions'",
)
def encrypting_a_trail(trail: Resource, resources: Resources) -> Iterator[Call]:
    """Return CloudTrail's use of the trail's key."""
    key = resources.key(trail.at("KMSKeyId"), trail)
    source = {"aws:SourceArn": trail.arn, "aws:SourceAccount": trail.account}
    context = {**source, "kms:EncryptionContext:aws:cloudtrail:arn": trail.arn}
    yield from key_calls(service("cloudtrail"), "GenerateDataKey", key, context=context)
    yield from key_calls(service("cloudtrail"), "DescribeKey", key, context=source)


@row(
    "AWS CloudTrail",
    "AWS::CloudTrail::Trail",
    source="CloudTrail User Guide, 'Role policy document for CloudTrail to use CloudWatch Logs for monitoring'",
)
def logging_a_trail(trail: Resource, _resources: Resources) -> Iterator[Call]:
    """Return the writing of a trail's log group, by its role."""
    arn, group = trail.at("CloudWatchLogsRoleArn"), trail.at("CloudWatchLogsLogGroupArn")
    if arn and group:
        yield from assume("cloudtrail", arn)
        yield from log_write(role(arn), group)


@row(
    "AWS Config",
    "AWS::Config::DeliveryChannel",
    source="AWS Config Developer Guide, 'Permissions for the Amazon S3 Bucket for the AWS Config Delivery Channel', "
    "'Required Permissions for the Amazon S3 Bucket When Using IAM Roles'",
)
def delivering_configuration(channel: Resource, resources: Resources) -> Iterator[Call]:
    """Return AWS Config's delivery to its bucket, by its recorder's role."""
    bucket = resources.bucket(channel.at("S3BucketName"))
    recorder = next(
        (
            item
            for item in resources.of_type("AWS::Config::ConfigurationRecorder")
            if (item.account, item.region) == (channel.account, channel.region)
        ),
        None,
    )
    arn = recorder.at("RoleARN") if recorder else None
    if not bucket or not arn:
        return
    prefix = channel.at("S3KeyPrefix")
    folder = f"{prefix}/AWSLogs/{channel.account}" if prefix else f"AWSLogs/{channel.account}"
    yield from assume("config", arn)
    yield from calls(role(arn), "s3:GetBucketAcl ListBucket", bucket.arn)
    own = role(arn)
    names = ("Config/ConfigWritabilityCheckFile", f"Config/{channel.region}/2026/11/30/ConfigHistory/file.json.gz")
    for name in names:
        yield from calls(
            own,
            "s3:PutObject PutObjectAcl",
            f"{bucket.arn}/{folder}/{name}",
            s3__x_amz_acl="bucket-owner-full-control",
        )
    key = resources.key(channel.at("S3KmsKeyArn"), channel) or resources.bucket_key(bucket)
    yield from key_calls(own, "GenerateDataKey Decrypt", key, through="s3")


@row(
    "AWS Config",
    "AWS::Config::ConfigurationRecorder",
    source="AWS Config Developer Guide, 'Permissions for the IAM Role Assigned to AWS Config'",
)
def recording_configuration(recorder: Resource, resources: Resources) -> Iterator[Call]:
    """Return a sample of what AWS Config reads; the managed policy AWS_ConfigRole is AWS's own list.

    With least privilege, the boundary lets it read only services that the account's stacks use.
    """
    if arn := recorder.at("RoleARN"):
        yield from assume("config", arn)
        if any(vpc.account == recorder.account for vpc in resources.of_type("AWS::EC2::VPC")):
            yield from calls(role(arn), "ec2:DescribeInstances DescribeVpcs", "*")
        yield from calls(role(arn), "iam:ListRoles GetRole", "*")
