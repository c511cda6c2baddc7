"""Names: a second resource with the same name in its scope, and which names differ."""

from typing import Any

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.templates import (
    NETWORK,
    access_control,
    alarm,
    attribute,
    bucket,
    cache_policy,
    cluster,
    dashboard,
    database,
    edge_function,
    function,
    key,
    load_balancer,
    log_group,
    parameter,
    parameter_group,
    pipeline,
    project,
    ref,
    resource,
    retained,
    role,
    rule,
    secret,
    service,
    subnet_group,
    table,
    target_group,
    task,
    vault,
    web_acl,
    with_role,
    with_service,
)

CONTRACT = "CloudFormation CLI User Guide, contract_create_create: the second create fails with AlreadyExists"
TAKEN = "already exists|AlreadyExists|CONFLICT"


def _twice(name: str, made: dict[str, Any], source: str = CONTRACT, *, base: dict[str, Any] | None = None) -> Probe:
    """Create a resource in one stack and then in another; `base` is the rest of each stack."""
    whole = {**(base or {}), "Named": made}
    return Probe(name, lambda bench: bench.both(whole, whole), source, TAKEN)


def _elsewhere(name: str, made: dict[str, Any], source: str, refused: str | None, **base: dict[str, Any]) -> Probe:
    """Create a resource in one region and then in another."""
    return Probe(
        name,
        lambda bench: bench.both(
            {**base, "Named": made}, {**base, "Named": made}, place=bench.place(region="us-east-1")
        ),
        source,
        refused,
    )


def _of_another_account(bench: Bench, made: dict[str, Any]) -> Answer:
    return bench.both({"Named": made}, {"Named": made}, place=bench.place(account=bench.stranger))


def _bucket_of(bench: Bench) -> str:
    return f"probe-{bench.home.account}"


def _retained(bench: Bench) -> Answer:
    bench.deploy(Named=retained(log_group()))
    bench.delete()
    return bench.deploy("two", Named=log_group())


def _deleted(bench: Bench) -> Answer:
    bench.deploy(Named=log_group())
    bench.delete()
    return bench.deploy("two", Named=log_group())


def _deleted_by_call(bench: Bench) -> Answer:
    bench.deploy(Named=retained(log_group()))
    bench.delete()
    bench.call("logs", "delete_log_group", logGroupName="/probe")
    return bench.deploy("two", Named=log_group())


def _made_by_call(bench: Bench) -> Answer:
    bench.call("logs", "create_log_group", logGroupName="/probe")
    return bench.deploy(Named=log_group())


def _secret_to_be_deleted(bench: Bench) -> Answer:
    bench.call("secretsmanager", "create_secret", Name="probe", SecretString="1")
    bench.call("secretsmanager", "delete_secret", SecretId="probe", RecoveryWindowInDays=30)
    return bench.deploy(Named=secret())


def _framework(bench: Bench) -> Answer:
    plan = resource(
        "AWS::Backup::RestoreTestingPlan",
        RestoreTestingPlanName="probe",
        ScheduleExpression="cron(0 3 * * ? *)",
        RecoveryPointSelection={
            "Algorithm": "LATEST_WITHIN_WINDOW",
            "IncludeVaults": ["*"],
            "RecoveryPointTypes": ["SNAPSHOT"],
        },
    )
    return bench.both({"Named": plan}, {"Named": plan})


ROLE = {"Role": role()}
PROBES = (
    _twice("a log group", log_group()),
    _twice("a role", role("probe")),
    _twice(
        "a managed policy",
        resource(
            "AWS::IAM::ManagedPolicy",
            ManagedPolicyName="probe",
            PolicyDocument={
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
            },
        ),
        "IAM API Reference, CreatePolicy: EntityAlreadyExists",
    ),
    _twice("a topic", resource("AWS::SNS::Topic", TopicName="probe"), "CloudFormation: AWS::SNS::Topic, TopicName"),
    _twice("a queue", resource("AWS::SQS::Queue", QueueName="probe"), "CloudFormation: AWS::SQS::Queue, QueueName"),
    _twice("an alarm", alarm("probe")),
    Probe(
        "a composite alarm under a metric alarm's name",
        lambda bench: bench.both(
            {"Named": alarm("probe")},
            {"Named": resource("AWS::CloudWatch::CompositeAlarm", AlarmName="probe", AlarmRule='ALARM("probe")')},
        ),
        "CloudWatch API Reference, PutCompositeAlarm: the name must be unique within the Region",
        TAKEN,
    ),
    _twice("a dashboard", dashboard()),
    _twice(
        "a key's alias",
        resource("AWS::KMS::Alias", AliasName="alias/probe", TargetKeyId=ref("Key")),
        base={"Key": key()},
    ),
    Probe(
        "a function",
        lambda bench: bench.both(with_role(FunctionName="probe"), with_role(FunctionName="probe")),
        CONTRACT,
        TAKEN,
    ),
    _twice("an SSM parameter", parameter()),
    _twice("a secret", secret(), "Secrets Manager API Reference, CreateSecret: ResourceExistsException"),
    Probe(
        "a secret whose deletion is scheduled",
        _secret_to_be_deleted,
        "Secrets Manager API Reference, CreateSecret: InvalidRequestException",
        "scheduled for deletion",
    ),
    _twice("a database", database()),
    _twice("a database's subnet group", subnet_group(), base=NETWORK),
    _twice("a database's parameter group", parameter_group()),
    _twice("a backup vault", vault()),
    Probe("a restore testing plan", _framework, CONTRACT, TAKEN),
    _twice(
        "a target group",
        target_group(),
        "Elastic Load Balancing API Reference, CreateTargetGroup: the name must be unique per region per account",
        base=NETWORK,
    ),
    _twice(
        "a load balancer",
        load_balancer(),
        "Elastic Load Balancing API Reference, CreateLoadBalancer: the name must be unique per region per account",
        base=NETWORK,
    ),
    _twice("a cluster", cluster()),
    Probe(
        "a service in its cluster",
        lambda bench: bench.changed(
            with_service(ServiceName="probe"),
            {**with_service(ServiceName="probe"), "Second": service(ServiceName="probe")},
        ),
        "ECS API Reference, CreateService: service names must be unique within a cluster",
        TAKEN,
    ),
    Probe(
        "services of one name in two clusters",
        lambda bench: bench.deploy(
            **with_service(ServiceName="probe"),
            Other=cluster("other"),
            Second=service(ServiceName="probe", Cluster=ref("Other")),
        ),
        "ECS API Reference, CreateService: services of one name may be in several clusters",
    ),
    _twice(
        "a build project",
        project(),
        "CodeBuild API Reference, CreateProject: ResourceAlreadyExistsException",
        base=ROLE,
    ),
    _twice(
        "a pipeline", pipeline(), "CodePipeline API Reference, CreatePipeline: PipelineNameInUseException", base=ROLE
    ),
    _twice(
        "an origin access control",
        access_control(),
        "CloudFront API Reference, CreateOriginAccessControl: OriginAccessControlAlreadyExists",
    ),
    _twice("a cache policy", cache_policy(), "CloudFront API Reference, CreateCachePolicy: CachePolicyAlreadyExists"),
    _twice("an edge function", edge_function(), "CloudFront API Reference, CreateFunction: FunctionAlreadyExists"),
    _twice("an event rule", rule()),
    _twice("a web ACL", web_acl(), "WAF API Reference, CreateWebACL: WAFDuplicateItemException"),
    _twice("a table", table()),
    _twice(
        "a cache's replication group",
        resource(
            "AWS::ElastiCache::ReplicationGroup",
            ReplicationGroupId="probe",
            ReplicationGroupDescription="probe",
            CacheNodeType="cache.t3.micro",
            Engine="redis",
            NumCacheClusters=1,
            AutomaticFailoverEnabled=False,
        ),
    ),
    Probe(
        "a bucket",
        lambda bench: bench.both({"Named": bucket(_bucket_of(bench))}, {"Named": bucket(_bucket_of(bench))}),
        CONTRACT,
        TAKEN,
    ),
    Probe(
        "a bucket of another account",
        lambda bench: _of_another_account(bench, bucket(_bucket_of(bench))),
        "Amazon S3 User Guide, Bucket naming rules: unique across all accounts in a partition",
        TAKEN,
    ),
    _elsewhere("a role in another region", role("probe"), "IAM User Guide: IAM is a global service", TAKEN),
    _elsewhere(
        "a cache policy in another region",
        cache_policy(),
        "CloudFront API Reference, CachePolicyConfig: a unique name; CloudFront is a global service",
        TAKEN,
    ),
    _elsewhere(
        "a dashboard in another region",
        dashboard(),
        "CloudWatch User Guide: dashboards are not specific to a Region",
        TAKEN,
    ),
    _elsewhere("a log group in another region", log_group(), "CloudWatch Logs: names are unique within a Region", None),
    Probe(
        "a role in another account",
        lambda bench: _of_another_account(bench, role("probe")),
        "IAM User Guide: names of roles are unique within an account",
    ),
    Probe(
        "two resources of one stack",
        lambda bench: bench.deploy(One=log_group(), Two=log_group()),
        CONTRACT,
        TAKEN,
    ),
    Probe(
        "what a deleted stack has retained",
        _retained,
        "CloudFormation User Guide, DeletionPolicy: a retained resource keeps existing",
        TAKEN,
    ),
    Probe("what a stack has deleted", _deleted, "CloudFormation User Guide, Delete a stack"),
    Probe("what was retained and then deleted by a call", _deleted_by_call, "CloudWatch Logs, DeleteLogGroup"),
    Probe("what a call has made", _made_by_call, CONTRACT, TAKEN),
    Probe(
        "a replacement that keeps its name",
        lambda bench: bench.changed(
            {"Named": table()},
            {
                "Named": table(
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
                    AttributeDefinitions=[
                        {"AttributeName": "id", "AttributeType": "N"},
                        {"AttributeName": "at", "AttributeType": "S"},
                    ],
                )
            },
        ),
        "CloudFormation User Guide, Name type: no replacement of custom-named resources",
        "custom-named resource requires replacing",
    ),
    Probe(
        "a replacement under another name",
        lambda bench: bench.changed({"Named": log_group("/one")}, {"Named": log_group("/two")}),
        "CloudFormation User Guide, Update behaviors of stack resources",
    ),
    Probe(
        "a function under another name, of the same role",
        lambda bench: bench.deploy(
            **with_role(FunctionName="one"), Second=function(attribute("Role", "Arn"), FunctionName="two")
        ),
        "Lambda API Reference, CreateFunction",
    ),
    Probe(
        "task definitions of one family",
        lambda bench: bench.deploy(One=task(), Two=task(Cpu="512", Memory="1024")),
        "ECS API Reference, RegisterTaskDefinition: each registration is a revision of its family",
    ),
)
