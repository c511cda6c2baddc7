"""Amazon ECS and Application Auto Scaling."""

from collections.abc import Iterator

from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import (
    Call,
    assume,
    calls,
    key_calls,
    log_write,
    role,
    row,
    service_linked,
)


@row(
    "Amazon ECS",
    "AWS::ECS::TaskDefinition",
    source="Amazon ECS Developer Guide, 'Amazon ECS task execution IAM role' and 'Amazon ECS task IAM role'",
)
def starting_a_task(definition: Resource, _resources: Resources) -> Iterator[Call]:
    """Return ECS's assumption of a task's roles."""
    for name in ("ExecutionRoleArn", "TaskRoleArn"):
        if arn := definition.at(name):
            yield from assume("ecs-tasks", arn)


@row(
    "Amazon ECS",
    "AWS::ECS::TaskDefinition",
    source="Amazon ECR User Guide, 'Using Amazon ECR images with Amazon ECS', 'Required IAM permissions'",
    open="A repository of no stack of ours: its policy, which another account's pull takes as well, is not known.",
)
def pulling_images(definition: Resource, _resources: Resources) -> Iterator[Call]:
    """Return how the execution role pulls the containers' images."""
    own = role(definition.at("ExecutionRoleArn", default=""))
    for container in definition.at("ContainerDefinitions", default=[]):
        registry, _, name = str(container.get("Image", "")).partition("/")
        parts = registry.split(".")
        if not own.name or parts[1:3] != ["dkr", "ecr"]:
            continue
        repository = f"arn:aws:ecr:{parts[3]}:{parts[0]}:repository/{name.partition('@')[0].rpartition(':')[0] or name}"
        yield from calls(own, "ecr:GetAuthorizationToken", "*")
        actions = "ecr:BatchCheckLayerAvailability GetDownloadUrlForLayer BatchGetImage"
        yield from calls(own, actions, repository)


@row(
    "Amazon ECS",
    "AWS::ECS::TaskDefinition",
    source="Amazon ECS Developer Guide, 'Amazon ECS task execution IAM role', 'Secrets Manager or Systems Manager "
    "permissions': GetSecretValue, and kms:Decrypt with a key of one's own",
)
def reading_secrets_of_a_task(definition: Resource, resources: Resources) -> Iterator[Call]:
    """Return how the execution role reads the containers' secrets."""
    own = role(definition.at("ExecutionRoleArn", default=""))
    for container in definition.at("ContainerDefinitions", default=[]):
        for item in container.get("Secrets", []):
            arn = ":".join(item["ValueFrom"].split(":")[:7])
            if not own.name or ":secretsmanager:" not in arn:
                continue
            yield from calls(own, "secretsmanager:GetSecretValue", arn)
            context = {"kms:EncryptionContext:SecretARN": arn}
            yield from key_calls(own, "Decrypt", secret_key(arn, resources), through="secretsmanager", context=context)


@row(
    "Amazon ECS",
    "AWS::ECS::TaskDefinition",
    source="Amazon ECS Developer Guide, 'Send Amazon ECS logs to CloudWatch', 'Using the awslogs log driver'",
)
def writing_logs_of_a_task(definition: Resource, _resources: Resources) -> Iterator[Call]:
    """Return how the execution role writes the containers' logs."""
    own = role(definition.at("ExecutionRoleArn", default=""))
    for container in definition.at("ContainerDefinitions", default=[]):
        configuration = container.get("LogConfiguration", {})
        options = configuration.get("Options", {})
        if own.name and configuration.get("LogDriver") == "awslogs":
            region = options.get("awslogs-region", definition.region)
            group = f"arn:aws:logs:{region}:{definition.account}:log-group:{options['awslogs-group']}:*"
            yield from log_write(own, group)
            if options.get("awslogs-create-group") == "true":
                yield from calls(own, "logs:CreateLogGroup", group)


@row(
    "Amazon ECS",
    "AWS::ECS::Service",
    source="Amazon ECS Developer Guide, 'Using service-linked roles for Amazon ECS'",
)
def running_a_service(ecs_service: Resource, _resources: Resources) -> Iterator[Call]:
    """Return how ECS registers tasks with load balancers and reads deployment alarms."""
    own = service_linked(ecs_service, "ecs", "AWSServiceRoleForECS")
    for item in ecs_service.at("LoadBalancers", default=[]):
        if arn := item.get("TargetGroupArn"):
            yield from calls(own, "elasticloadbalancing:RegisterTargets DeregisterTargets", arn)
    if ecs_service.at("DeploymentConfiguration", "Alarms", "AlarmNames"):
        yield from calls(own, "cloudwatch:DescribeAlarms", "*")
    yield from calls(own, "ec2:CreateNetworkInterface DeleteNetworkInterface", "*")


@row(
    "Application Auto Scaling",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    source="Application Auto Scaling User Guide, 'Service-linked roles', 'Permissions for ECS'",
)
def scaling_a_service(target: Resource, _resources: Resources) -> Iterator[Call]:
    """Return how Application Auto Scaling changes a service's count and keeps alarms for it."""
    own = service_linked(target, "ecs.application-autoscaling", "AWSServiceRoleForApplicationAutoScaling_ECSService")
    if target.at("ServiceNamespace") == "ecs":
        arn = f"arn:aws:ecs:{target.region}:{target.account}:{target.at('ResourceId')}"
        yield from calls(own, "ecs:DescribeServices UpdateService", arn)
        yield from calls(own, "cloudwatch:PutMetricAlarm DescribeAlarms DeleteAlarms", "*")


def secret_key(arn: str, resources: Resources) -> Resource | None:
    """Return the key of a secret: a stack's own, or the one that RDS manages for a database."""
    if secret := resources.by_arn(arn):
        return resources.key(secret.at("KmsKeyId"), secret)
    for instance in resources.of_type("AWS::RDS::DBInstance"):
        if arn == instance.attributes.get("MasterUserSecret.SecretArn"):
            return resources.key(instance.at("MasterUserSecret", "KmsKeyId"), instance)
    return None
