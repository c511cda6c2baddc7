"""Temporary read access to the database for operators: nothing runs until `make database-access` starts a task."""

from typing import Final

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.application.engine_image import EngineImage
from stacks.application.engine_task import DATABASE_AUTHORITIES
from stacks.database_stack import Database
from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_resource
from stacks.shared.log_group import LogGroup
from stacks.shared.output_copy import OutputCopy

READER: Final = "yawl_reader"
"""The database role that may read everything and write nothing. The active engine's supervisor creates it."""
CONTAINER: Final = "access"
SECONDS: Final = 3600
"""How long access stays open: the container's only process is a sleep of this length."""


class DatabaseAccess(Construct):
    """A task definition whose role may log in to the database as `READER`, and a cluster that records each session.

    A session is opened with ECS Exec. Its input and output go to an encrypted log group with the environment's
    retention; CloudTrail has who started the task and who opened the session. The channel has no key of its own: that
    would let every operator use it directly (docs/decisions/key-policies.md), and it is TLS already.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        image: EngineImage,
        database: Database,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        key: kms.IKey,
        log_retention_days: int,
        retain_data: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"yawl-{environment_name}-database-access"
        log_group = LogGroup(self, "Log", key=key, retention_days=log_retention_days, retain_data=retain_data)
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=name,
            vpc=vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
            execute_command_configuration=ecs.ExecuteCommandConfiguration(
                logging=ecs.ExecuteCommandLogging.OVERRIDE,
                log_configuration=ecs.ExecuteCommandLogConfiguration(
                    cloud_watch_log_group=log_group, cloud_watch_encryption_enabled=True
                ),
            ),
        )
        task = ecs.FargateTaskDefinition(self, "Task", family=name, cpu=256, memory_limit_mib=512)
        task.add_container(
            CONTAINER,
            image=image.container_image,
            entry_point=["sleep"],
            command=[str(SECONDS)],
            # ECS Exec's agent writes to the root file system ("ECS Exec", Amazon ECS Developer Guide).
            readonly_root_filesystem=False,
            environment={
                "YAWL_DB_HOST": database.instance.db_instance_endpoint_address,
                "YAWL_DB_PORT": str(database.port),
                "YAWL_DB_NAME": database.database_name,
                "YAWL_DB_READER": READER,
                "YAWL_DB_CA_BUNDLE": DATABASE_AUTHORITIES,
                "AWS_REGION": Stack.of(self).region,
            },
            logging=ecs.LogDriver.aws_logs(stream_prefix=CONTAINER, log_group=log_group),
        )
        resource_id = OutputCopy(self, "DatabaseResourceId", database.resource_id).value
        self._allow(task, resource_id=resource_id, log_group=log_group)
        outputs = {
            "DatabaseAccessCluster": cluster.cluster_name,
            "DatabaseAccessTask": task.task_definition_arn,
            "DatabaseAccessSubnets": ",".join(subnet.subnet_id for subnet in vpc.private_subnets),
            "DatabaseAccessSecurityGroup": security_group.security_group_id,
            "DatabaseAccessLog": log_group.log_group_name,
        }
        for output, value in outputs.items():
            CfnOutput(Stack.of(self), output, value=value)

    def _allow(self, task: ecs.FargateTaskDefinition, *, resource_id: str, log_group: LogGroup) -> None:
        role, stack = task.task_role, Stack.of(self)
        statements = [
            (
                ["rds-db:connect"],
                f"arn:{stack.partition}:rds-db:{stack.region}:{stack.account}:dbuser:{resource_id}/{READER}",
            ),
            ([f"ssmmessages:{name}" for name in _CHANNELS], "*"),
            (["logs:DescribeLogGroups"], "*"),
            (["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], log_group.log_group_arn),
        ]
        for actions, resource in statements:
            role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        acknowledge(
            task,
            {
                "AwsSolutions-ECS2": "Addresses and names are not secret, and the container has no password: it signs "
                "a token when a session begins.",
                "ECSTaskDefinitionReadonlyRootFilesystem": "The agent of ECS Exec writes to it.",
                wildcard_resource("*"): "ssmmessages, logs:DescribeLogGroups and ecr:GetAuthorizationToken have no "
                "resource type.",
                **OWN_POLICY,
            },
        )


_CHANNELS: Final = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
"""What the agent of ECS Exec calls ("ECS Exec", Amazon ECS Developer Guide)."""
