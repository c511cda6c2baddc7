"""The task that runs one YAWL engine."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from settings import ImageSettings, TasksSettings
from stacks.application.engine_image import EngineImage
from stacks.cache_stack import Cache
from stacks.database_stack import Database
from stacks.shared import ports
from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_resource
from stacks.shared.imported_secret import imported_secret
from stacks.shared.log_group import LogGroup

CONTAINER_NAME: Final = "yawl"
WRITABLE_FOLDERS: Final = {
    "tmp": "/tmp",  # noqa: S108 - a path inside the container
    "work": "/run/yawl",
}
"""Paths of the task's temporary volumes, by volume name; the rest of the file system is read-only.

A volume keeps the owner that the image declares: the image makes these writable for the user it runs as.
"""
DATABASE_AUTHORITIES: Final = "/opt/yawl/rds-ca-bundle.pem"
"""The RDS CA bundle's path in the image."""
CACHE_AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"
"""The system's CA bundle in the image; a public CA signs ElastiCache's certificates."""
STOP_TIMEOUT: Final = Duration.seconds(60)
"""Time between SIGTERM and SIGKILL.

The container drains running requests for up to 20 s and gives the engine 20 s to stop, which took 2.4 s when measured.
"""
HEALTH_CHECK: Final = ecs.HealthCheck(
    command=["CMD", "python", "-m", "supervisor.healthcheck"],
    interval=Duration.seconds(30),
    timeout=Duration.seconds(10),
    retries=3,
    start_period=Duration.seconds(60),
)
"""Checks that the supervisor is alive. The load balancer's health check also requires that the task can serve.

Replacing a task that waits for its database or for another task's engine would not help.
"""


class EngineTask(ecs.FargateTaskDefinition):
    """One container that gets database and cache addresses from environment variables and passwords from secrets.

    container/README.md is the contract between task and image: variables, writable paths and responses.
    ECS reads the secrets when a task starts, so an engine gets a rotated password at its next start. The task role has
    no permissions: the engine calls no AWS service and emits metrics through its log.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        settings: TasksSettings,
        image: ImageSettings,
        database: Database,
        cache: Cache,
        database_secret_arn: str,
        auth_token_arn: str,
        credentials: secretsmanager.ISecret,
        log_group: LogGroup,
        reader: str | None,
    ) -> None:
        """`reader` is the database role that operators read with; None: the engine creates none."""
        super().__init__(
            scope,
            construct_id,
            family=f"yawl-{environment_name}",
            cpu=settings.cpu,
            memory_limit_mib=settings.memory,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.X86_64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
        )
        self.engine_image = engine_image = EngineImage.of(self, image)
        execution_role = self.obtain_execution_role()
        database_secret = imported_secret(
            self, "DatabaseSecret", database_secret_arn, key=database.secret.encryption_key, reader=execution_role
        )
        auth_token = imported_secret(
            self, "CacheAuthToken", auth_token_arn, key=cache.auth_token.encryption_key, reader=execution_role
        )
        container = self.add_container(
            CONTAINER_NAME,
            image=engine_image.container_image,
            port_mappings=[ecs.PortMapping(container_port=ports.APPLICATION)],
            readonly_root_filesystem=True,
            stop_timeout=STOP_TIMEOUT,
            health_check=HEALTH_CHECK,
            environment={
                "ENVIRONMENT": environment_name,
                "YAWL_DB_HOST": database.instance.db_instance_endpoint_address,
                "YAWL_DB_PORT": str(database.port),
                "YAWL_DB_NAME": database.database_name,
                "YAWL_DB_CA_BUNDLE": DATABASE_AUTHORITIES,
                "YAWL_HEAP_SIZE": settings.heap,
                "LOG_LEVEL": settings.log_level,
                "REDIS_HOST": cache.primary_endpoint_address,
                "REDIS_PORT": str(cache.port),
                "REDIS_CA_BUNDLE": CACHE_AUTHORITIES,
                "IMAGE_VERSION": engine_image.version,
                **({"YAWL_DB_READER": reader} if reader else {}),
            },
            secrets={
                "YAWL_DB_USER": ecs.Secret.from_secrets_manager(database_secret, "username"),
                "YAWL_DB_PASSWORD": ecs.Secret.from_secrets_manager(database_secret, "password"),
                "REDIS_AUTH_TOKEN": ecs.Secret.from_secrets_manager(auth_token),
                "YAWL_ADMIN_USER": ecs.Secret.from_secrets_manager(credentials, "username"),
                "YAWL_ADMIN_PASSWORD": ecs.Secret.from_secrets_manager(credentials, "password"),
            },
            logging=ecs.LogDriver.aws_logs(stream_prefix=CONTAINER_NAME, log_group=log_group),
        )
        for name, path in WRITABLE_FOLDERS.items():
            self.add_volume(name=name)
            container.add_mount_points(ecs.MountPoint(container_path=path, source_volume=name, read_only=False))
        acknowledge(
            self,
            {
                "AwsSolutions-ECS2": "Addresses and sizes are not secret, and the image expects them as variables; "
                "passwords and tokens come from Secrets Manager."
            },
        )
        acknowledge(
            execution_role,
            {
                wildcard_resource("*"): "ecr:GetAuthorizationToken has no resource type; pulling is limited "
                "to the one repository.",
                **OWN_POLICY,
            },
        )
