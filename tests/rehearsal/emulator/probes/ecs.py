"""ECS: sizes, roles, and the resources that a service needs."""

from typing import Any

from tests.rehearsal.emulator.probes.bench import Probe
from tests.rehearsal.emulator.probes.templates import (
    NETWORK,
    attribute,
    cluster,
    ref,
    resource,
    role,
    service,
    target_group,
    task,
    trust,
    with_service,
)

REGISTER = "ECS API Reference, RegisterTaskDefinition"
SIZES = "ECS Developer Guide, Task definition parameters for Fargate: task CPU and memory"


def _task(name: str, refused: str | None, source: str, **properties: Any) -> Probe:
    return Probe(name, lambda bench: bench.deploy(Task=task(**properties)), source, refused)


def _service(name: str, refused: str | None, source: str, **properties: Any) -> Probe:
    return Probe(name, lambda bench: bench.deploy(**with_service(**properties)), source, refused)


ENGINE = {"Name": "engine", "Image": "public.ecr.aws/nginx/nginx:1", "Essential": True}
PROBES = (
    _task("a task", None, REGISTER),
    _task("0.3 vCPU", "CPU|Cpu|cpu|enum", SIZES, Cpu="300"),
    _task("0.25 vCPU with 8 GB", "CPU|Cpu|cpu|[Mm]emory|enum", SIZES, Memory="8192"),
    _task("1 vCPU with 2 GB", None, SIZES, Cpu="1024", Memory="2048"),
    _task("Fargate in bridge mode", "awsvpc|NetworkMode|enum|const", SIZES, NetworkMode="bridge"),
    _task(
        "no essential container", "essential|Essential", REGISTER, ContainerDefinitions=[{**ENGINE, "Essential": False}]
    ),
    _task("no container", "container|keyword", REGISTER, ContainerDefinitions=[]),
    _task(
        "two containers of one name",
        "duplicate|unique",
        REGISTER + ": container names are unique within a task definition",
        ContainerDefinitions=[ENGINE, ENGINE],
    ),
    _task(
        "secrets without an execution role",
        "execution role",
        "ECS Developer Guide, Task execution role: Fargate requires it for secrets",
        ContainerDefinitions=[
            {
                **ENGINE,
                "Secrets": [{"Name": "A", "ValueFrom": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:a"}],
            }
        ],
    ),
    _task(
        "awslogs without an execution role",
        "execution role",
        "ECS Developer Guide, awslogs log driver: Fargate requires an execution role",
        ContainerDefinitions=[
            {
                **ENGINE,
                "LogConfiguration": {
                    "LogDriver": "awslogs",
                    "Options": {"awslogs-group": "a", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "a"},
                },
            }
        ],
    ),
    _task(
        "a role that is not there",
        "Role is not valid|role",
        REGISTER + ": ClientException, Role is not valid",
        ExecutionRoleArn="nobody",
    ),
    Probe(
        "a role of ECS's",
        lambda bench: bench.deploy(
            Role=role(AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com")),
            Task=task(ExecutionRoleArn=attribute("Role", "Arn")),
        ),
        REGISTER,
    ),
    _service("a service", None, "ECS API Reference, CreateService"),
    _service(
        "a service without a network",
        "[Nn]etwork ?[Cc]onfiguration",
        "ECS API Reference, CreateService: required for awsvpc",
        NetworkConfiguration={"Ref": "AWS::NoValue"},
    ),
    _service(
        "a task definition that is not there",
        "Unable to describe task definition|TaskDefinition not found|[Tt]ask ?[Dd]efinition",
        "ECS API Reference, CreateService: ClientException",
        TaskDefinition="nothing:1",
    ),
    _service(
        "a cluster that is not there",
        "Cluster not found|ClusterNotFound",
        "ECS API Reference, CreateService: ClusterNotFoundException",
        Cluster="nothing",
    ),
    _service(
        "more healthy than possible",
        "[Mm]aximumPercent|keyword|DeploymentConfiguration|deployment",
        "ECS API Reference, DeploymentConfiguration",
        DeploymentConfiguration={"MinimumHealthyPercent": 100, "MaximumPercent": 100},
        DesiredCount=1,
    ),
    Probe(
        "a target group without a load balancer",
        lambda bench: bench.deploy(
            **NETWORK,
            Cluster=cluster(),
            Task=task(ContainerDefinitions=[{**ENGINE, "PortMappings": [{"ContainerPort": 8080}]}]),
            Group=target_group(None),
            Service=service(
                LoadBalancers=[{"ContainerName": "engine", "ContainerPort": 8080, "TargetGroupArn": ref("Group")}]
            ),
        ),
        "ECS Developer Guide, Service: the target group does not have an associated load balancer",
        "does not have an associated load balancer",
    ),
    Probe(
        "a container that the task does not have",
        lambda bench: bench.deploy(
            **NETWORK,
            Cluster=cluster(),
            Task=task(),
            Group=target_group(None),
            Balancer=resource(
                "AWS::ElasticLoadBalancingV2::LoadBalancer", Subnets=[ref("One"), ref("Two")], Scheme="internal"
            ),
            Listener=resource(
                "AWS::ElasticLoadBalancingV2::Listener",
                LoadBalancerArn=ref("Balancer"),
                Port=80,
                Protocol="HTTP",
                DefaultActions=[{"Type": "forward", "TargetGroupArn": ref("Group")}],
            ),
            Service={
                **service(
                    LoadBalancers=[{"ContainerName": "other", "ContainerPort": 1, "TargetGroupArn": ref("Group")}]
                ),
                "DependsOn": "Listener",
            },
        ),
        "ECS API Reference, CreateService: InvalidParameterException",
        "container other does not exist|does not exist in the task definition",
    ),
)
