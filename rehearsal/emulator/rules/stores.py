"""Where ministack keeps what has a name: whether a name is in use, whoever has made the resource."""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from rehearsal.emulator.internals import here, service

if TYPE_CHECKING:
    from rehearsal.emulator.rules.names import Name


class State(Enum):
    """What is known of a name."""

    FREE = auto()
    EXISTS = auto()
    SCHEDULED_FOR_DELETION = auto()
    UNKNOWN = auto()
    """The emulator only records the type, or keeps it where no table here says."""


def state_of(name: "Name") -> State:
    """Return whether the name is in use in its scope."""
    find = LOOKUPS.get(name.resource_type)
    return find(name.parts) if find else State.UNKNOWN


def _state(exists: bool) -> State:
    return State.EXISTS if exists else State.FREE


Find = Callable[[tuple[str, ...]], State]


def _keyed(module: str, *stores: str, active: Callable[[Any], bool] = lambda _record: True) -> Find:
    """Return a search in stores whose key is the name."""

    def find(parts: tuple[str, ...]) -> State:
        found = [getattr(service(module), store).get(parts[-1]) for store in stores]
        return _state(any(record is not None and active(record) for record in found))

    return find


def _with_member(module: str, store: str, *path: str) -> Find:
    """Return a search in a store whose records have the name as a member."""

    def find(parts: tuple[str, ...]) -> State:
        return _state(any(_member(record, path) == parts[-1] for record in _records(module, store)))

    return find


def _records(module: str, store: str) -> Iterable[Any]:
    return list(getattr(service(module), store).values())


def _member(record: Any, path: Iterable[str]) -> Any:
    for part in path:
        record = record.get(part) if isinstance(record, dict) else None
    return record


def _bucket(parts: tuple[str, ...]) -> State:
    return _state(any(name == parts[0] for _, name in service("s3")._buckets._data))


def _bucket_policy(parts: tuple[str, ...]) -> State:
    return _state(parts[0] in service("s3")._bucket_policies)


def _dashboard(parts: tuple[str, ...]) -> State:
    # A dashboard's name counts in all regions; ministack keeps them by region.
    account, _ = here()
    kept = service("cloudwatch")._dashboards._data
    return _state(any(key[0] == account and key[2] == parts[0] for key in kept))


def _topic(parts: tuple[str, ...]) -> State:
    account, region = here()
    return _state(f"arn:aws:sns:{region}:{account}:{parts[0]}" in service("sns")._topics)


def _alias(parts: tuple[str, ...]) -> State:
    account, region = here()
    return _state(f"arn:aws:kms:{region}:{account}:{parts[0]}" in service("kms")._aliases)


def _ecs_service(parts: tuple[str, ...]) -> State:
    cluster = parts[0].rpartition("/")[2]
    record = service("ecs")._services.get(f"{cluster}/{parts[1]}")
    return _state(record is not None and record["status"] != "INACTIVE")


def _rule(parts: tuple[str, ...]) -> State:
    bus = parts[0].rpartition("/")[2]
    return _state(f"{bus}|{parts[1]}" in service("eventbridge")._rules)


def _secret(parts: tuple[str, ...]) -> State:
    record = service("secretsmanager")._secrets.get(parts[0])
    if record is None:
        return State.FREE
    return State.SCHEDULED_FOR_DELETION if record.get("DeletedDate") else State.EXISTS


def _security_group(parts: tuple[str, ...]) -> State:
    name, vpc = parts
    records = _records("ec2", "_security_groups")
    return _state(any(record["GroupName"] == name and record.get("VpcId") == vpc for record in records))


def _web_acl(parts: tuple[str, ...]) -> State:
    name, scope = parts
    records = _records("waf", "_web_acls")
    return _state(any(record["Name"] == name and record.get("Scope", scope) == scope for record in records))


LOOKUPS: dict[str, Find] = {
    "AWS::Backup::BackupVault": _keyed("backup", "_vaults"),
    "AWS::CloudFront::CachePolicy": _with_member("cloudfront", "_cache_policies", "Config", "Name"),
    "AWS::CloudFront::Function": _keyed("cloudfront", "_functions"),
    "AWS::CloudFront::OriginAccessControl": _with_member("cloudfront", "_oacs", "Name"),
    "AWS::CloudFront::OriginRequestPolicy": _with_member("cloudfront", "_origin_request_policies", "Config", "Name"),
    "AWS::CloudFront::ResponseHeadersPolicy": _with_member(
        "cloudfront", "_response_headers_policies", "Config", "Name"
    ),
    "AWS::CloudTrail::Trail": _keyed("cloudtrail", "_trails"),
    # Metric alarms and composite alarms share their names (PutCompositeAlarm: "must be unique within the Region").
    "AWS::CloudWatch::Alarm": _keyed("cloudwatch", "_alarms", "_composite_alarms"),
    "AWS::CloudWatch::CompositeAlarm": _keyed("cloudwatch", "_alarms", "_composite_alarms"),
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::CodeBuild::Project": _keyed("codebuild", "_projects"),
    "AWS::DynamoDB::Table": _keyed("dynamodb", "_tables"),
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::ECR::Repository": _keyed("ecr", "_repositories"),
    "AWS::ECS::Cluster": _keyed("ecs", "_clusters", active=lambda record: record["status"] != "INACTIVE"),
    "AWS::ECS::Service": _ecs_service,
    "AWS::ElastiCache::ReplicationGroup": _keyed("elasticache", "_replication_groups"),
    "AWS::ElastiCache::SubnetGroup": _keyed("elasticache", "_subnet_groups"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _with_member("alb", "_lbs", "LoadBalancerName"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": _with_member("alb", "_tgs", "TargetGroupName"),
    "AWS::Events::Rule": _rule,
    "AWS::IAM::InstanceProfile": _keyed("iam", "_instance_profiles"),
    "AWS::IAM::ManagedPolicy": _with_member("iam", "_policies", "PolicyName"),
    "AWS::IAM::Role": _keyed("iam", "_roles"),
    "AWS::IAM::User": _keyed("iam", "_users"),
    "AWS::KMS::Alias": _alias,
    "AWS::Lambda::Function": _keyed("lambda_svc", "_functions"),
    "AWS::Logs::LogGroup": _keyed("cloudwatch_logs", "_log_groups"),
    "AWS::RDS::DBInstance": _keyed("rds", "_instances"),
    "AWS::RDS::DBParameterGroup": _keyed("rds", "_param_groups"),
    "AWS::RDS::DBSubnetGroup": _keyed("rds", "_subnet_groups"),
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _keyed("sqs", "_queue_name_to_url"),
    "AWS::SSM::Parameter": _keyed("ssm", "_parameters"),
    "AWS::SecretsManager::Secret": _secret,
    "AWS::WAFv2::WebACL": _web_acl,
}
"""How to find a name, by type."""
