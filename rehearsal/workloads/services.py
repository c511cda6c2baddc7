"""The deployed ECS services, with their tasks and target groups."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cloud_assembly import AwsEnvironment
from rehearsal.actions.secrets import resolve_secret
from rehearsal.engine.cloud import Cloud

NAME_LENGTH = 8
"""Characters of a task's id in its name."""


@dataclass(frozen=True)
class Service:
    """A service behind one target group."""

    aws_environment: AwsEnvironment
    target_group: str
    """Its ARN."""
    task_definition: str
    """The ARN of its task definition's revision."""
    health_path: str
    tasks: tuple[str, ...]
    """Names of the tasks that ECS would run."""
    zones: tuple[str, ...]
    """The availability zones of its subnets."""
    variables: dict[str, str] = field(repr=False)
    """The container's variables, including the values of its secrets."""

    @property
    def name(self) -> str:
        """The target group's name."""
        return self.target_group.split("/")[-2]

    def document(self) -> dict[str, Any]:
        """Return what a workload's command is told. It contains the values of secrets."""
        return {
            "service": self.name,
            "account": self.aws_environment.account,
            "region": self.aws_environment.region,
            "health_path": self.health_path,
            "tasks": list(self.tasks),
            "zones": list(self.zones),
            "variables": self.variables,
        }


def services(cloud: Cloud, stack_name: str, environment: AwsEnvironment) -> Iterator[Service]:
    """Yield the services of a deployed stack, one per target group."""
    cloudformation = cloud.in_account("cloudformation", environment)
    resources = cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
    for resource in resources:
        if resource["ResourceType"] == "AWS::ECS::Service":
            yield from _services(cloud, resource["PhysicalResourceId"], environment)


def _services(cloud: Cloud, service_arn: str, environment: AwsEnvironment) -> Iterator[Service]:
    cluster = service_arn.split("/")[-2]
    ecs = cloud.in_account("ecs", environment)
    for found in ecs.describe_services(cluster=cluster, services=[service_arn])["services"]:
        tasks = ecs.list_tasks(cluster=cluster, serviceName=found["serviceName"])["taskArns"]
        definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
        for balancer in found.get("loadBalancers", []):
            if "targetGroupArn" not in balancer:
                continue  # a Classic Load Balancer
            yield Service(
                aws_environment=environment,
                target_group=balancer["targetGroupArn"],
                task_definition=found["taskDefinition"],
                health_path=_health_path(cloud, balancer["targetGroupArn"], environment),
                tasks=tuple(sorted(arn.split("/")[-1][:NAME_LENGTH] for arn in tasks)),
                zones=_zones(cloud, found, environment),
                variables=_variables(cloud, definition, balancer["containerName"], environment),
            )


def _health_path(cloud: Cloud, target_group: str, environment: AwsEnvironment) -> str:
    balancing = cloud.in_account("elbv2", environment)
    [group] = balancing.describe_target_groups(TargetGroupArns=[target_group])["TargetGroups"]
    return group.get("HealthCheckPath", "/")


def _zones(cloud: Cloud, service: dict[str, Any], environment: AwsEnvironment) -> tuple[str, ...]:
    subnets = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {}).get("subnets", [])
    if not subnets:
        return ()
    found = cloud.in_account("ec2", environment).describe_subnets(SubnetIds=subnets)["Subnets"]
    return tuple(sorted({subnet["AvailabilityZone"] for subnet in found}))


def _variables(cloud: Cloud, definition: dict[str, Any], container: str, environment: AwsEnvironment) -> dict[str, str]:
    [found] = [item for item in definition["containerDefinitions"] if item["name"] == container]
    plain = {item["name"]: item["value"] for item in found.get("environment", [])}
    client = cloud.in_account("secretsmanager", environment)
    secret = {item["name"]: resolve_secret(client, item["valueFrom"]) for item in found.get("secrets", [])}
    return {**plain, **secret}
