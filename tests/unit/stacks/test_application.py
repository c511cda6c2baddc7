"""The tasks and their load balancer in every environment against the reference's figures."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

from settings import Settings
from settings.types.image_uri import EcrImage
from tests.unit.one_environment import OneEnvironment

Templates: TypeAlias = Callable[[str, str], Template]

TASK = "AWS::ECS::TaskDefinition"
SERVICE = "AWS::ECS::Service"
LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
TARGETS = "AWS::ElasticLoadBalancingV2::TargetGroup"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
SCALING = "AWS::ApplicationAutoScaling::ScalingPolicy"

FORBIDDEN = [
    {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "403", "ContentType": "text/plain", "MessageBody": "Forbidden"},
    }
]
FORWARD = [{"Type": "forward", "TargetGroupArn": {"Ref": Match.string_like_regexp("Targets")}}]
ORIGIN_SECRET = {
    "Fn::Join": [
        "",
        ["{{resolve:secretsmanager:", {"Ref": Match.string_like_regexp("OriginSecret")}, ":SecretString:::}}"],
    ]
}


def container(**properties: Any) -> dict[str, Any]:
    """Return the task definition's property that says this of its container."""
    return {"ContainerDefinitions": [Match.object_like({"Name": "yawl", **properties})]}


def variable(name: str, value: Any) -> dict[str, Any]:
    """Return the property of a container with this variable."""
    return container(Environment=Match.array_with([{"Name": name, "Value": value}]))


def secret(name: str, value: Any) -> dict[str, Any]:
    """Return the property of a container that gets this secret when it starts."""
    return container(Secrets=Match.array_with([{"Name": name, "ValueFrom": value}]))


def other_stack(stack: str, output: str) -> dict[str, Any]:
    """Return a reference to what another of prod's stacks offers."""
    return {
        "Fn::GetStackOutput": Match.object_like({"StackName": stack, "OutputName": Match.string_like_regexp(output)})
    }


def attribute(key: str, value: Any) -> dict[str, Any]:
    """Return the property of a load balancer with this attribute."""
    return {"LoadBalancerAttributes": Match.array_with([{"Key": key, "Value": value}])}


CREDENTIALS = {"Ref": Match.string_like_regexp("^EngineCredentials")}


def copy(name: str) -> dict[str, Any]:
    """Return a reference to what was read of another stack once, and is kept in a parameter."""
    return {"Fn::GetAtt": [Match.string_like_regexp(f"^{name}"), "Value"]}


MASTER_SECRET, AUTH_TOKEN = copy("DatabaseSecretArn"), copy("CacheAuthTokenArn")

FACTS = {
    "the database's secret is read of its stack once": (
        "AWS::SSM::Parameter",
        {
            "Name": "/yawl-prod-application/DatabaseSecretArn",
            "Value": other_stack("yawl-prod-database", "MasterUserSecret"),
        },
    ),
    "the cache's token is read of its stack once": (
        "AWS::SSM::Parameter",
        {"Name": "/yawl-prod-application/CacheAuthTokenArn", "Value": other_stack("yawl-prod-cache", "AuthToken")},
    ),
    "container insights are on": (
        "AWS::ECS::Cluster",
        {"ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}]},
    ),
    "a task has 1 vCPU and 2 GB": (TASK, {"Cpu": "1024", "Memory": "2048"}),
    "tasks run on Fargate": (TASK, {"RequiresCompatibilities": ["FARGATE"], "NetworkMode": "awsvpc"}),
    "the image is built for x86": (
        TASK,
        {"RuntimePlatform": {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"}},
    ),
    "the image is the settings'": (
        TASK,
        container(
            Image={"Fn::Join": ["", ["111111111111.dkr.ecr.us-east-1.", {"Ref": "AWS::URLSuffix"}, "/yawl:6.1.0"]]}
        ),
    ),
    "the root file system is read-only": (TASK, container(ReadonlyRootFilesystem=True)),
    "the engine listens on 8080": (TASK, container(PortMappings=[{"ContainerPort": 8080, "Protocol": "tcp"}])),
    "the container says itself whether its supervisor lives": (
        TASK,
        container(
            HealthCheck={
                "Command": ["CMD", "python", "-m", "supervisor.healthcheck"],
                "Interval": 30,
                "Retries": 3,
                "StartPeriod": 60,
                "Timeout": 10,
            }
        ),
    ),
    "the database is known by RDS's authorities": (
        TASK,
        variable("YAWL_DB_CA_BUNDLE", "/opt/yawl/rds-ca-bundle.pem"),
    ),
    "the cache is known by the system's authorities": (
        TASK,
        variable("REDIS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt"),
    ),
    "a task knows which image it runs": (TASK, variable("IMAGE_VERSION", "6.1.0")),
    "the engine has a minute to stop": (TASK, container(StopTimeout=60)),
    "the heap is 1 GiB": (TASK, variable("YAWL_HEAP_SIZE", "1024m")),
    "the log level is INFO": (TASK, variable("LOG_LEVEL", "INFO")),
    "the engine knows its environment": (TASK, variable("ENVIRONMENT", "prod")),
    "the engine finds its database": (
        TASK,
        variable("YAWL_DB_HOST", other_stack("yawl-prod-database", "EndpointAddress")),
    ),
    "the database listens on 5432": (TASK, variable("YAWL_DB_PORT", "5432")),
    "the database is called yawl": (TASK, variable("YAWL_DB_NAME", "yawl")),
    "the engine finds its cache": (
        TASK,
        variable("REDIS_HOST", other_stack("yawl-prod-cache", "PrimaryEndPointAddress")),
    ),
    "the cache listens on 6379": (TASK, variable("REDIS_PORT", "6379")),
    "the database's user comes from its secret": (
        TASK,
        secret("YAWL_DB_USER", {"Fn::Join": ["", [MASTER_SECRET, ":username::"]]}),
    ),
    "the database's password comes from its secret": (
        TASK,
        secret("YAWL_DB_PASSWORD", {"Fn::Join": ["", [MASTER_SECRET, ":password::"]]}),
    ),
    "the cache's token comes from its secret": (
        TASK,
        secret("REDIS_AUTH_TOKEN", AUTH_TOKEN),
    ),
    "the name of the engine's account comes from its secret": (
        TASK,
        secret("YAWL_ADMIN_USER", {"Fn::Join": ["", [CREDENTIALS, ":username::"]]}),
    ),
    "the password of the engine's account comes from its secret": (
        TASK,
        secret("YAWL_ADMIN_PASSWORD", {"Fn::Join": ["", [CREDENTIALS, ":password::"]]}),
    ),
    "the engine's account has a generated password, and not the name of YAWL's generic administrator": (
        "AWS::SecretsManager::Secret",
        {
            "GenerateSecretString": {
                "SecretStringTemplate": '{"username": "yawl-delivery"}',
                "GenerateStringKey": "password",
                "PasswordLength": 64,
                "ExcludePunctuation": True,
            },
            "KmsKeyId": {"Fn::GetAtt": [Match.string_like_regexp("^Key"), "Arn"]},
        },
    ),
    "logs go to CloudWatch": (
        TASK,
        container(
            LogConfiguration={
                "LogDriver": "awslogs",
                "Options": Match.object_like({"awslogs-group": {"Ref": Match.string_like_regexp("^Log")}}),
            }
        ),
    ),
    "logs are kept 90 days": ("AWS::Logs::LogGroup", {"RetentionInDays": 90}),
    "the platform version is pinned": (SERVICE, {"LaunchType": "FARGATE", "PlatformVersion": "1.4.0"}),
    "scaling owns the number of tasks, not the template": (SERVICE, {"DesiredCount": Match.absent()}),
    "a deployment that fails goes back": (
        SERVICE,
        {
            "DeploymentConfiguration": Match.object_like(
                {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}
            )
        },
    ),
    "a deployment never has less than all tasks, and at most twice": (
        SERVICE,
        {"DeploymentConfiguration": Match.object_like({"MinimumHealthyPercent": 100, "MaximumPercent": 200})},
    ),
    "a new task has as long as a start was measured to take": (SERVICE, {"HealthCheckGracePeriodSeconds": 160}),
    "nobody opens a shell in a task": (SERVICE, {"EnableExecuteCommand": False}),
    "tasks have no public address": (
        SERVICE,
        {
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "AssignPublicIp": "DISABLED",
                    "SecurityGroups": [other_stack("yawl-prod-network", "TasksSecurityGroup")],
                    "Subnets": [
                        other_stack("yawl-prod-network", "PrivateSubnet1"),
                        other_stack("yawl-prod-network", "PrivateSubnet2"),
                    ],
                }
            }
        },
    ),
    "tasks spread over the zones": (SERVICE, {"AvailabilityZoneRebalancing": "ENABLED"}),
    "tasks carry the service's tags": (SERVICE, {"PropagateTags": "SERVICE", "EnableECSManagedTags": True}),
    "scaling aims at 70 % of the processors": (
        SCALING,
        {
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
                "TargetValue": 70,
            }
        },
    ),
    "scaling aims at 80 % of the memory": (
        SCALING,
        {
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"},
                "TargetValue": 80,
            }
        },
    ),
    "the load balancer faces the internet": (LOAD_BALANCER, {"Scheme": "internet-facing", "Type": "application"}),
    "the load balancer stands in the public subnets": (
        LOAD_BALANCER,
        {
            "Subnets": [
                other_stack("yawl-prod-network", "PublicSubnet1"),
                other_stack("yawl-prod-network", "PublicSubnet2"),
            ]
        },
    ),
    "invalid headers are dropped": (
        LOAD_BALANCER,
        attribute("routing.http.drop_invalid_header_fields.enabled", "true"),
    ),
    "requests are logged": (LOAD_BALANCER, attribute("access_logs.s3.enabled", "true")),
    "requests are logged to the bucket for that": (
        LOAD_BALANCER,
        attribute("access_logs.s3.bucket", other_stack("yawl-prod-storage", "AccessLogBucket")),
    ),
    "targets are addresses on 8080": (TARGETS, {"TargetType": "ip", "Port": 8080, "Protocol": "HTTP"}),
    "the health check asks GET /resourceService/": (
        TARGETS,
        {"HealthCheckPath": "/resourceService/", "Matcher": {"HttpCode": "200"}},
    ),
    "the health check asks every 30 s": (TARGETS, {"HealthCheckIntervalSeconds": 30}),
    "the health check waits 10 s": (TARGETS, {"HealthCheckTimeoutSeconds": 10}),
    "two answers make a target healthy": (TARGETS, {"HealthyThresholdCount": 2}),
    "five misses, 120 s at the least, make a target unhealthy: the 119 s an engine takes to move leave it healthy": (
        TARGETS,
        {"UnhealthyThresholdCount": 5},
    ),
    "a target that leaves has 30 s for its requests": (
        TARGETS,
        {"TargetGroupAttributes": Match.array_with([{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}])},
    ),
    "whoever is not admitted gets 403": (LISTENER, {"Port": 80, "Protocol": "HTTP", "DefaultActions": FORBIDDEN}),
    "GET of the health path is admitted": (
        RULE,
        {
            "Actions": FORWARD,
            "Conditions": [
                {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/resourceService/"]}},
                {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
            ],
        },
    ),
    "the distribution is admitted by its secret header": (
        RULE,
        {
            "Actions": FORWARD,
            "Conditions": [
                {
                    "Field": "http-header",
                    "HttpHeaderConfig": {"HttpHeaderName": "X-Origin-Verify", "Values": [ORIGIN_SECRET]},
                }
            ],
        },
    ),
    "the secret header has no wildcards, and 64 of the 128 characters a rule takes": (
        "AWS::SecretsManager::Secret",
        {"GenerateSecretString": {"ExcludePunctuation": True, "PasswordLength": 64}, "SecretString": Match.absent()},
    ),
}

BY_ENVIRONMENT = [
    ("dev", "1 to 2 tasks", "AWS::ApplicationAutoScaling::ScalableTarget", {"MinCapacity": 1, "MaxCapacity": 2}),
    ("staging", "2 to 6 tasks", "AWS::ApplicationAutoScaling::ScalableTarget", {"MinCapacity": 2, "MaxCapacity": 6}),
    ("prod", "2 to 6 tasks", "AWS::ApplicationAutoScaling::ScalableTarget", {"MinCapacity": 2, "MaxCapacity": 6}),
    ("dev", "the load balancer can be deleted", LOAD_BALANCER, attribute("deletion_protection.enabled", "false")),
    ("prod", "the load balancer is protected", LOAD_BALANCER, attribute("deletion_protection.enabled", "true")),
    ("dev", "logs are kept two weeks", "AWS::Logs::LogGroup", {"RetentionInDays": 14}),
    ("dev", "the cluster's name", "AWS::ECS::Cluster", {"ClusterName": "yawl-dev"}),
    ("prod", "the cluster's name", "AWS::ECS::Cluster", {"ClusterName": "yawl-prod"}),
]

WITH_A_DOMAIN = {
    "the certificate is for the origin's name, proven by DNS": (
        "AWS::CertificateManager::Certificate",
        {"DomainName": "origin.yawl.example.org", "ValidationMethod": "DNS"},
    ),
    "the listener speaks TLS 1.2 and 1.3 only": (
        LISTENER,
        {
            "Port": 443,
            "Protocol": "HTTPS",
            "SslPolicy": Match.string_like_regexp("^ELBSecurityPolicy-TLS13-1-2"),
            "Certificates": [{"CertificateArn": {"Ref": Match.string_like_regexp("Certificate")}}],
            "DefaultActions": FORBIDDEN,
        },
    ),
    "plain HTTP is redirected": (
        LISTENER,
        {
            "Port": 80,
            "DefaultActions": [
                {
                    "Type": "redirect",
                    "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
                }
            ],
        },
    ),
    "who is admitted is admitted over TLS": (
        RULE,
        {"ListenerArn": {"Ref": Match.string_like_regexp("Https")}, "Actions": FORWARD},
    ),
    "the origin's name leads to the load balancer": (
        "AWS::Route53::RecordSet",
        {"Name": "origin.yawl.example.org.", "Type": "A", "AliasTarget": Match.any_value()},
    ),
}


@pytest.mark.parametrize(("resource_type", "properties"), FACTS.values(), ids=FACTS)
def test_properties_in_prod(template: Templates, resource_type: str, properties: dict[str, Any]) -> None:
    template("prod", "application").has_resource_properties(resource_type, properties)


@pytest.mark.parametrize(
    ("environment", "resource_type", "properties"),
    [pytest.param(name, kind, row, id=f"{name}: {fact}") for name, fact, kind, row in BY_ENVIRONMENT],
)
def test_properties_by_environment(
    template: Templates, environment: str, resource_type: str, properties: dict[str, Any]
) -> None:
    template(environment, "application").has_resource_properties(resource_type, properties)


@pytest.mark.parametrize(("resource_type", "properties"), WITH_A_DOMAIN.values(), ids=WITH_A_DOMAIN)
def test_properties_with_a_domain(
    prod_with_more: OneEnvironment, resource_type: str, properties: dict[str, Any]
) -> None:
    prod_with_more("application").has_resource_properties(resource_type, properties)


@pytest.mark.parametrize(
    "prod", ["example", "prod_with_more"], ids=["without a domain", "with a domain"], indirect=True
)
def test_only_two_listener_rules_forward(prod: OneEnvironment) -> None:
    stack = prod("application")
    stack.resource_count_is(RULE, 2)
    actions = [
        action["Type"]
        for listener in stack.find_resources(LISTENER).values()
        for action in listener["Properties"]["DefaultActions"]
    ]
    assert "forward" not in actions


@pytest.mark.parametrize(
    "folder",
    [
        "/tmp",  # noqa: S108 - a path inside the container
        "/run/yawl",
    ],
)
def test_writable_paths(template: Templates, folder: str) -> None:
    task = only(template("prod", "application"), TASK)
    (mount,) = [it for it in task["ContainerDefinitions"][0]["MountPoints"] if it["ContainerPath"] == folder]
    assert mount["ReadOnly"] is False
    # A volume that is only named lives as long as its task.
    assert {"Name": mount["SourceVolume"]} in task["Volumes"]
    assert len(task["ContainerDefinitions"][0]["MountPoints"]) == 2


def test_task_role_has_no_permissions(template: Templates) -> None:
    stack = template("prod", "application")
    task_role = only(stack, TASK)["TaskRoleArn"]["Fn::GetAtt"][0]
    granted = [policy["Properties"]["Roles"] for policy in stack.find_resources("AWS::IAM::Policy").values()]
    assert [{"Ref": task_role}] not in granted
    role = stack.find_resources("AWS::IAM::Role")[task_role]["Properties"]
    assert not role.keys() & {"Policies", "ManagedPolicyArns"}


@pytest.mark.parametrize(
    ("actions", "resource"),
    [
        pytest.param(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "arn:aws:ecr:us-east-1:111111111111:repository/yawl",
            id="pull this one image, from the account it is in",
        ),
        pytest.param("ecr:GetAuthorizationToken", "*", id="log in to registries"),
        pytest.param(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            {"Fn::GetAtt": [Match.string_like_regexp("^Log"), "Arn"]},
            id="write its log",
        ),
        pytest.param(
            ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
            [AUTH_TOKEN, MASTER_SECRET, CREDENTIALS],
            id="read the three secrets",
        ),
    ],
)
def test_execution_role_permissions(template: Templates, actions: list[str] | str, resource: Any) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    template("prod", "application").has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": Match.object_like({"Statement": Match.array_with([statement])})}
    )


def test_execution_role_decrypts_only_through_secrets_manager(template: Templates) -> None:
    statements = [
        statement
        for policy in template("prod", "application").find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "kms" in json.dumps(statement["Action"])
    ]
    assert statements
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
    assert all(statement["Condition"] == via and statement["Action"] == "kms:Decrypt" for statement in statements)
    keys = json.dumps([statement["Resource"] for statement in statements])
    assert "yawl-prod-database" in keys
    assert "yawl-prod-cache" in keys


def test_integration_test_role_is_read_only(template: Templates) -> None:
    stack = template("prod", "application")
    ((role, policy),) = [
        (name, policy["Properties"]["PolicyDocument"]["Statement"])
        for name, it in stack.find_resources("AWS::IAM::Role").items()
        if it["Properties"].get("RoleName") == "yawl-prod-integration-tests"
        for policy in stack.find_resources("AWS::IAM::Policy").values()
        if {"Ref": name} in policy["Properties"]["Roles"]
    ]
    actions = [action for statement in policy for action in aslist(statement["Action"])]
    assert sorted(actions) == [
        "cloudformation:DescribeStackResourceDrifts",
        "cloudformation:DescribeStacks",
        "cloudwatch:DescribeAlarms",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListTasks",
        "elasticache:DescribeReplicationGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "kms:Decrypt",
        "rds:DescribeDBInstances",
        "rds:DescribeDBParameters",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    ]
    [secrets] = [it["Resource"] for it in policy if it["Action"] == "secretsmanager:GetSecretValue"]
    assert len(secrets) == 2
    assert json.dumps(secrets).count("OriginSecret") == 1
    assert json.dumps(secrets).count("EngineCredentials") == 1
    trust = stack.find_resources("AWS::IAM::Role")[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/yawl-delivery-*"}},
        }
    ]


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("LoadBalancerUrl", {"Fn::Join": ["", ["http://", {"Fn::GetAtt": [Match.any_value(), "DNSName"]}]]}),
        ("ClusterName", {"Ref": Match.string_like_regexp("^Cluster")}),
        ("ServiceName", {"Fn::GetAtt": [Match.string_like_regexp("^Service"), "Name"]}),
        ("TargetGroupArn", {"Ref": Match.string_like_regexp("Targets")}),
        ("TaskDefinitionArn", {"Ref": Match.string_like_regexp("^Task")}),
        ("OriginSecretArn", {"Ref": Match.string_like_regexp("OriginSecret")}),
        ("EngineCredentialsArn", CREDENTIALS),
        ("VerifierRoleArn", {"Fn::GetAtt": [Match.string_like_regexp("^VerifierRole"), "Arn"]}),
    ],
)
def test_outputs_for_the_pipeline(template: Templates, output: str, value: Any) -> None:
    template("prod", "application").has_output(output, {"Value": value})


def test_integration_tests_get_the_version_that_tasks_report(template: Templates) -> None:
    stack = template("prod", "application")
    [container] = only(stack, TASK)["ContainerDefinitions"]
    reported = {item["Name"]: item["Value"] for item in container["Environment"]}["IMAGE_VERSION"]
    given = json.dumps(stack.find_outputs("TestVariables")["TestVariables"]["Value"])
    assert f" RELEASED_VERSION={reported} " in given


def test_outputs_with_a_domain_use_https(prod_with_more: OneEnvironment) -> None:
    prod_with_more("application").has_output("LoadBalancerUrl", {"Value": "https://origin.yawl.example.org"})


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        pytest.param(
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/yawl:v1.2.3",
            ("123456789012", "eu-west-1", "team/yawl", "v1.2.3"),
            id="a tag",
        ),
        pytest.param(
            f"123456789012.dkr.ecr.ap-southeast-2.amazonaws.com/yawl@sha256:{'0a' * 32}",
            ("123456789012", "ap-southeast-2", "yawl", f"sha256:{'0a' * 32}"),
            id="a digest",
        ),
    ],
)
def test_image_reference(uri: str, parts: tuple[str, str, str, str]) -> None:
    image = EcrImage.parse(uri)
    assert (image.account, image.region, image.repository, image.tag_or_digest) == parts


@pytest.mark.parametrize("uri", ["yawl:6.1.0", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/yawl", ""])
def test_mutable_image_references_are_rejected(uri: str) -> None:
    with pytest.raises(ValueError, match=r"must be an image in Amazon ECR|must end in a tag"):
        EcrImage.parse(uri)


def only(stack: Template, resource_type: str) -> dict[str, Any]:
    """Return the properties of the one resource of the type."""
    (resource,) = stack.find_resources(resource_type).values()
    return resource["Properties"]


def aslist(value: Any) -> list[Any]:
    """Return what a policy may give as one or as several."""
    return value if isinstance(value, list) else [value]


def test_deployment_without_healthy_tasks_rolls_back(template: Templates) -> None:
    application = template("prod", "application")
    [alarm] = application.find_resources("AWS::CloudWatch::Alarm").values()
    properties = alarm["Properties"]
    assert (properties["MetricName"], properties["Statistic"]) == ("HealthyHostCount", "Maximum")
    assert (properties["ComparisonOperator"], properties["Threshold"]) == ("LessThanThreshold", 1)
    [service] = application.find_resources("AWS::ECS::Service").values()
    assert service["Properties"]["DeploymentConfiguration"]["Alarms"] == {
        "AlarmNames": [properties["AlarmName"]],
        "Enable": True,
        "Rollback": True,
    }
    [name] = application.find_resources("AWS::CloudWatch::Alarm")
    assert name in service["DependsOn"]


def test_failover_does_not_trigger_a_rollback(template: Templates, settings: Settings) -> None:
    [alarm] = template("prod", "application").find_resources("AWS::CloudWatch::Alarm").values()
    waits = alarm["Properties"]["EvaluationPeriods"] * alarm["Properties"]["Period"]
    assert waits > settings.environments["prod"].tasks.takeover
