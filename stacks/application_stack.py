"""The workflow engine: its tasks and their load balancer."""

from typing import Final, cast

from aws_cdk import CfnOutput, Duration, TimeZone
from aws_cdk import aws_applicationautoscaling as appscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from settings import DomainSettings, ImageSettings, TasksSettings
from stacks.application.database_access import READER, DatabaseAccess
from stacks.application.deployment_alarm import DeploymentAlarm
from stacks.application.engine_credentials import EngineCredentials
from stacks.application.engine_task import EngineTask
from stacks.application.integration_test_role import IntegrationTestRole
from stacks.application.load_balancer import LoadBalancer
from stacks.application.origin_secret import HEADER_NAME
from stacks.cache_stack import Cache
from stacks.database_stack import Database
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.shared.key import rotating_key
from stacks.shared.log_group import LogGroup
from stacks.shared.output_copy import OutputCopy
from stacks.shared.test_variables import TestVariables

HEALTH_PATH: Final = "/resourceService/"
"""The health check's path (reference, Application Layer)."""
SPOT: Final = ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=1)
"""Runs all tasks on Fargate Spot."""


class Application(EnvironmentStack):
    """YAWL on Fargate behind an internet-facing load balancer.

    The integration tests read its outputs; the distribution and the monitoring use its attributes.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: TasksSettings,
        image: ImageSettings,
        vpc: ec2.IVpc,
        load_balancer_security_group: ec2.ISecurityGroup,
        task_security_group: ec2.ISecurityGroup,
        database: Database,
        cache: Cache,
        access_log_bucket: s3.IBucket,
        domain: DomainSettings | None,
        access_security_group: ec2.ISecurityGroup | None = None,
    ) -> None:
        """Build the application; with `access_security_group`, operators can open sessions in the database."""
        super().__init__(
            scope,
            "application",
            context=context,
            description=f"YAWL {context.name}: the engine's tasks and their load balancer",
            termination_protection=context.retain_data,
        )
        self.given_cluster_name = f"yawl-{context.name}"
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=self.given_cluster_name,
            vpc=vpc,
            container_insights_v2=ecs.ContainerInsights.ENHANCED,
            enable_fargate_capacity_providers=settings.spot,
        )
        key = rotating_key(
            self,
            "Key",
            description=f"Secrets and logs of YAWL {context.name}",
            used_through=("secretsmanager",),
            logs=True,
            retain_data=context.retain_data,
        )
        load_balancer = LoadBalancer(
            self,
            "FrontDoor",
            vpc=vpc,
            security_group=self._as_it_is("LoadBalancerSecurityGroup", load_balancer_security_group),
            access_log_bucket=access_log_bucket,
            key=key,
            domain=domain,
            health_path=HEALTH_PATH,
            takeover_seconds=settings.takeover,
            retain_data=context.retain_data,
        )
        self.load_balancer = load_balancer.load_balancer
        self.target_group = load_balancer.target_group
        self.origin_secret = load_balancer.origin_secret
        self.origin_header_name = HEADER_NAME
        self.origin_domain_name = load_balancer.origin_domain_name
        self.log_group = LogGroup(
            self, "Log", key=key, retention_days=context.log_retention_days, retain_data=context.retain_data
        )
        # Class and interface name a parameter differently, which the type checker rejects.
        self.engine_credentials = cast(
            secretsmanager.ISecret,
            EngineCredentials(self, "EngineCredentials", key=key, retain_data=context.retain_data),
        )
        database_secret_arn = OutputCopy(self, "DatabaseSecretArn", database.secret.secret_arn).value
        auth_token_arn = OutputCopy(self, "CacheAuthTokenArn", cache.auth_token.secret_arn).value
        reader = READER if access_security_group else None
        self.task_definition = EngineTask(
            self,
            "Task",
            environment_name=context.name,
            settings=settings,
            image=image,
            database=database,
            cache=cache,
            database_secret_arn=database_secret_arn,
            auth_token_arn=auth_token_arn,
            credentials=self.engine_credentials,
            log_group=self.log_group,
            reader=reader,
        )
        if access_security_group:
            DatabaseAccess(
                self,
                "DatabaseAccess",
                environment_name=context.name,
                image=self.task_definition.engine_image,
                database=database,
                vpc=vpc,
                security_group=access_security_group,
                key=key,
                log_retention_days=context.log_retention_days,
                retain_data=context.retain_data,
            )
        self.deployment_alarm = DeploymentAlarm(
            self,
            "DeploymentAlarm",
            environment_name=context.name,
            runbooks=context.runbooks,
            load_balancer=self.load_balancer,
            target_group=self.target_group,
            takeover_seconds=settings.takeover,
        )
        self.service = self._service(settings, security_group=self._as_it_is("TaskSecurityGroup", task_security_group))
        self._scale(settings)
        self.integration_test_role = IntegrationTestRole(
            self,
            "VerifierRole",
            environment_name=context.name,
            pipeline_account=context.pipeline_account,
            cluster_name=self.given_cluster_name,
            service=self.service,
            database=database,
            database_secret_arn=database_secret_arn,
            cache=cache,
            secrets=[cast(secretsmanager.ISecret, self.origin_secret), self.engine_credentials],
        )
        self.load_balancer_url = CfnOutput(self, "LoadBalancerUrl", value=load_balancer.url)
        self.cluster_name = CfnOutput(self, "ClusterName", value=self.cluster.cluster_name)
        self.service_name = CfnOutput(self, "ServiceName", value=self.service.service_name)
        self.target_group_arn = CfnOutput(self, "TargetGroupArn", value=self.target_group.target_group_arn)
        self.task_definition_arn = CfnOutput(self, "TaskDefinitionArn", value=self.task_definition.task_definition_arn)
        self.integration_test_role_arn = CfnOutput(self, "VerifierRoleArn", value=self.integration_test_role.role_arn)
        self.origin_secret_arn = CfnOutput(self, "OriginSecretArn", value=self.origin_secret.secret_arn)
        self.engine_credentials_arn = CfnOutput(self, "EngineCredentialsArn", value=self.engine_credentials.secret_arn)
        self.test_variables = TestVariables(
            self,
            {
                "ALB_URL": load_balancer.url,
                "CLUSTER_NAME": self.cluster.cluster_name,
                "SERVICE_NAME": self.service.service_name,
                "TARGET_GROUP_ARN": self.target_group.target_group_arn,
                "TASK_DEFINITION_ARN": self.task_definition.task_definition_arn,
                "RELEASED_VERSION": self.task_definition.engine_image.version,
                "INTEGRATION_TEST_ROLE_ARN": self.integration_test_role.role_arn,
                "ORIGIN_SECRET_ARN": self.origin_secret.secret_arn,
                "ENGINE_CREDENTIALS_ARN": self.engine_credentials.secret_arn,
            },
        )

    def _as_it_is(self, construct_id: str, security_group: ec2.ISecurityGroup) -> ec2.ISecurityGroup:
        """Return the group as immutable: all its rules belong in the network stack."""
        return ec2.SecurityGroup.from_security_group_id(
            self, construct_id, security_group.security_group_id, mutable=False
        )

    def _service(self, settings: TasksSettings, *, security_group: ec2.ISecurityGroup) -> ecs.FargateService:
        service = ecs.FargateService(
            self,
            "Service",
            cluster=self.cluster,
            task_definition=self.task_definition,
            platform_version=ecs.FargatePlatformVersion.VERSION1_4,
            capacity_provider_strategies=[SPOT] if settings.spot else None,
            # No desired count: every deployment would reset what auto scaling has set. A new service starts with one
            # task; registering the scalable target raises it to the minimum.
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            deployment_alarms=ecs.DeploymentAlarmConfig(
                alarm_names=[self.deployment_alarm.name], behavior=ecs.AlarmBehavior.ROLLBACK_ON_ALARM
            ),
            health_check_grace_period=Duration.seconds(settings.startup_grace),
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.ENABLED,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[security_group],
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        service.attach_to_application_target_group(self.target_group)
        # The service refers to the alarm by name only.
        service.node.add_dependency(self.deployment_alarm)
        return service

    def _scale(self, settings: TasksSettings) -> None:
        tasks = self.service.auto_scale_task_count(min_capacity=settings.min, max_capacity=settings.max)
        tasks.scale_on_cpu_utilization("Processor", target_utilization_percent=settings.cpu_target_percent)
        tasks.scale_on_memory_utilization("Memory", target_utilization_percent=settings.memory_target_percent)
        if off_hours := settings.off_hours:
            for name, hour, least, most in (
                ("Wake", off_hours.wake_hour, settings.min, settings.max),
                ("Sleep", off_hours.sleep_hour, 0, 0),
            ):
                tasks.scale_on_schedule(
                    name,
                    schedule=appscaling.Schedule.cron(minute="0", hour=str(hour), week_day=off_hours.cron_days),
                    time_zone=TimeZone.of(off_hours.time_zone),
                    min_capacity=least,
                    max_capacity=most,
                )
