"""The other services of an environment: networks, load balancers, caches, queues, events, backups, distributions."""

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.templates import (
    NETWORK,
    alarm,
    cache_policy,
    load_balancer,
    log_group,
    pipeline,
    policy,
    ref,
    resource,
    role,
    rule,
    secret,
    target_group,
    vault,
    web_acl,
)


def _cache(**properties: object) -> dict[str, object]:
    made = {
        "ReplicationGroupId": "probe",
        "ReplicationGroupDescription": "probe",
        "CacheNodeType": "cache.t3.micro",
        "Engine": "redis",
        "EngineVersion": "7.1",
        "NumCacheClusters": 1,
        "AutomaticFailoverEnabled": False,
    }
    return resource("AWS::ElastiCache::ReplicationGroup", **{**made, **properties})


def _listener(**properties: object) -> dict[str, object]:
    made = {
        "LoadBalancerArn": ref("Balancer"),
        "Port": 80,
        "Protocol": "HTTP",
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref("Group")}],
    }
    return resource("AWS::ElasticLoadBalancingV2::Listener", **{**made, **properties})


def _used_target_group(bench: Bench) -> Answer:
    bench.deploy("groups", **NETWORK, Group=target_group(None), Balancer=load_balancer(None))
    stack = bench.client("cloudformation").describe_stack_resources(StackName="groups")["StackResources"]
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in stack}
    bench.deploy(
        Listener=_listener(
            LoadBalancerArn=ids["Balancer"],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": ids["Group"]}],
        )
    )
    return bench.call("elbv2", "delete_target_group", TargetGroupArn=ids["Group"])


def _full_vault(bench: Bench) -> Answer:
    bench.deploy(Vault=vault())
    bench.call(
        "backup",
        "start_backup_job",
        BackupVaultName="probe",
        ResourceArn=f"arn:aws:rds:eu-west-1:{bench.home.account}:db:a",
        IamRoleArn=f"arn:aws:iam::{bench.home.account}:role/a",
    )
    return bench.delete()


PROBES = (
    Probe(
        "a subnet outside its network",
        lambda bench: bench.deploy(
            **NETWORK, Sub=resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.9.0.0/24")
        ),
        "EC2 API Reference, CreateSubnet: InvalidSubnet.Range",
        "is invalid|InvalidSubnet",
    ),
    Probe(
        "two subnets that overlap",
        lambda bench: bench.deploy(
            **NETWORK, Sub=resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.1.0/25")
        ),
        "EC2 API Reference, CreateSubnet: InvalidSubnet.Conflict",
        "conflicts with another subnet|InvalidSubnet",
    ),
    Probe(
        "a network of /8",
        lambda bench: bench.deploy(Network=resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/8")),
        "VPC User Guide: the allowed block size is between /28 and /16",
        "is invalid|InvalidVpc",
    ),
    Probe(
        "a load balancer in one zone",
        lambda bench: bench.deploy(**NETWORK, Balancer=load_balancer(Subnets=[ref("One")])),
        "Elastic Load Balancing API Reference, CreateLoadBalancer: at least two subnets in two zones",
        r"[Aa]t least two subnets|keyword \[minItems\]",
    ),
    Probe(
        "a name of 33 characters",
        lambda bench: bench.deploy(**NETWORK, Balancer=load_balancer("a" * 33)),
        "Elastic Load Balancing API Reference, CreateLoadBalancer: 32 characters",
        "32|keyword",
    ),
    Probe(
        "HTTPS without a certificate",
        lambda bench: bench.deploy(
            **NETWORK, Balancer=load_balancer(), Group=target_group(), Listener=_listener(Port=443, Protocol="HTTPS")
        ),
        "Elastic Load Balancing API Reference, CreateListener: a certificate must be specified for HTTPS",
        "[Cc]ertificate",
    ),
    Probe(
        "two listeners on one port",
        lambda bench: bench.deploy(
            **NETWORK, Balancer=load_balancer(), Group=target_group(), First=_listener(), Second=_listener()
        ),
        "Elastic Load Balancing API Reference, CreateListener: DuplicateListener",
        "already exists|DuplicateListener",
    ),
    Probe(
        "the deletion of a target group in use",
        _used_target_group,
        "Elastic Load Balancing API Reference, DeleteTargetGroup: ResourceInUse",
        "in use|ResourceInUse",
    ),
    Probe(
        "a cache node that is none",
        lambda bench: bench.deploy(Cache=_cache(CacheNodeType="cache.t9.micro")),
        "ElastiCache API Reference, CreateReplicationGroup",
        "enum|[Nn]ode type|InvalidParameter",
    ),
    Probe(
        "failover with one node",
        lambda bench: bench.deploy(Cache=_cache(AutomaticFailoverEnabled=True)),
        "ElastiCache API Reference, CreateReplicationGroup: failover needs a replica",
        "failover|at least 2|replica",
    ),
    Probe(
        "an older cache",
        lambda bench: bench.changed({"Cache": _cache()}, {"Cache": _cache(EngineVersion="6.2")}),
        "ElastiCache User Guide, Upgrading engine versions: no downgrade",
        "[Dd]owngrad",
    ),
    Probe(
        "a rule with a queue that does not admit EventBridge",
        lambda bench: bench.deploy(
            Queue=resource("AWS::SQS::Queue"),
            Rule=rule(Targets=[{"Id": "a", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]),
        ),
        "EventBridge User Guide, Resource-based policies: PutTargets succeeds, and deliveries fail",
    ),
    Probe(
        "a rule without pattern and schedule",
        lambda bench: bench.deploy(Rule=resource("AWS::Events::Rule", Name="probe")),
        "EventBridge API Reference, PutRule: EventPattern or ScheduleExpression",
        "EventPattern|ScheduleExpression",
    ),
    Probe(
        "a schedule that is none",
        lambda bench: bench.deploy(Rule=resource("AWS::Events::Rule", ScheduleExpression="every day")),
        "EventBridge API Reference, PutRule: ValidationException",
        "ScheduleExpression|schedule|not valid",
    ),
    Probe(
        "six targets of a rule",
        lambda bench: bench.deploy(
            Topic=resource("AWS::SNS::Topic"),
            Rule=rule(Targets=[{"Id": str(number), "Arn": ref("Topic")} for number in range(6)]),
        ),
        "EventBridge quotas: five targets a rule",
        "LimitExceeded|5|maxItems",
    ),
    Probe(
        "a vault's lock that ends before it begins",
        lambda bench: bench.deploy(Vault=vault(LockConfiguration={"MinRetentionDays": 30, "MaxRetentionDays": 7})),
        "Backup API Reference, PutBackupVaultLockConfiguration",
        "[Rr]etention",
    ),
    Probe(
        "the deletion of a vault with a recovery point",
        _full_vault,
        "Backup API Reference, DeleteBackupVault: the vault must be empty",
        "cannot be deleted|recovery points",
    ),
    Probe(
        "a vault with another key",
        lambda bench: bench.changed(
            {"Vault": vault()},
            {"Vault": vault(EncryptionKeyArn=f"arn:aws:kms:eu-west-1:{bench.home.account}:key/a")},
        ),
        "CloudFormation: AWS::Backup::BackupVault, EncryptionKeyArn: Update requires: Replacement",
        "custom-named resource requires replacing",
    ),
    Probe(
        "a cache policy whose least is more than its most",
        lambda bench: bench.deploy(Policy=cache_policy(MinTTL=900)),
        "CloudFront API Reference, CachePolicyConfig: MinTTL, DefaultTTL, MaxTTL",
        "TTL|Internal error",
    ),
    Probe(
        "a firewall for CloudFront outside us-east-1",
        lambda bench: bench.deploy(Acl=web_acl(scope="CLOUDFRONT")),
        "WAF API Reference, CreateWebACL: CLOUDFRONT only in us-east-1",
        "us-east-1|scope is not valid|CLOUDFRONT",
    ),
    Probe(
        "an alarm's evaluation of nothing",
        lambda bench: bench.deploy(Alarm=alarm("probe", EvaluationPeriods=0)),
        "CloudWatch API Reference, PutMetricAlarm: EvaluationPeriods of 1 or more",
        r"keyword|EvaluationPeriods|enum",
    ),
    Probe(
        "an alarm over a period of 45 seconds",
        lambda bench: bench.deploy(Alarm=alarm("probe", Period=45)),
        "CloudWatch API Reference, PutMetricAlarm: 10, 20, 30 or a multiple of 60",
        r"keyword|Period|period",
    ),
    Probe(
        "an alarm and a topic",
        lambda bench: bench.deploy(
            Topic=resource("AWS::SNS::Topic"), Alarm=alarm("probe", AlarmActions=[ref("Topic")])
        ),
        "CloudWatch API Reference, PutMetricAlarm",
    ),
    Probe(
        "a topic's policy that is malformed",
        lambda bench: bench.deploy(
            Topic=resource("AWS::SNS::Topic"),
            Policy=resource(
                "AWS::SNS::TopicPolicy",
                Topics=[ref("Topic")],
                PolicyDocument=policy(
                    {"Effect": "Permit", "Principal": "*", "Action": "sns:Publish", "Resource": ref("Topic")}
                ),
            ),
        ),
        "SNS API Reference, SetTopicAttributes: InvalidParameter",
        "[Pp]olicy",
    ),
    Probe(
        "a queue's policy that is malformed",
        lambda bench: bench.deploy(
            Queue=resource("AWS::SQS::Queue"),
            Policy=resource(
                "AWS::SQS::QueuePolicy",
                Queues=[ref("Queue")],
                PolicyDocument=policy({"Effect": "Permit", "Principal": "*", "Action": "sqs:*", "Resource": "*"}),
            ),
        ),
        "SQS API Reference, SetQueueAttributes: InvalidAttributeValue",
        "[Pp]olicy",
    ),
    Probe(
        "a pipeline of one stage",
        lambda bench: bench.deploy(
            Role=role(),
            Pipeline=pipeline(
                Stages=[
                    {
                        "Name": "One",
                        "Actions": [
                            {
                                "Name": "A",
                                "ActionTypeId": {
                                    "Category": "Approval",
                                    "Owner": "AWS",
                                    "Provider": "Manual",
                                    "Version": "1",
                                },
                            }
                        ],
                    }
                ]
            ),
        ),
        "CodePipeline User Guide, Pipeline structure: at least two stages",
        r"keyword \[minItems\]|two stages",
    ),
    Probe(
        "a secret with a value and a generator",
        lambda bench: bench.deploy(Secret=secret(SecretString="a")),
        "CloudFormation: AWS::SecretsManager::Secret, GenerateSecretString or SecretString",
        "SecretString",
    ),
    Probe(
        "a metric filter of a group that is not there",
        lambda bench: bench.deploy(
            Filter=resource(
                "AWS::Logs::MetricFilter",
                LogGroupName="/nothing",
                FilterPattern="a",
                MetricTransformations=[{"MetricName": "a", "MetricNamespace": "a", "MetricValue": "1"}],
            )
        ),
        "CloudWatch Logs API Reference, PutMetricFilter: ResourceNotFoundException",
        "does not exist|NotFound",
    ),
    Probe(
        "a log group's name that AWS keeps to itself",
        lambda bench: bench.deploy(Group=log_group("aws/probe")),
        "CloudWatch Logs API Reference, CreateLogGroup: names cannot start with aws/",
        "aws/",
    ),
)
