"""The Redis cache of one environment."""

from typing import Final, cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from settings import CacheSettings
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.shared import ports
from stacks.shared.acknowledgments import acknowledge
from stacks.shared.key import rotating_key
from stacks.shared.log_group import LogGroup
from stacks.shared.retention import removal_policy
from stacks.shared.test_variables import TestVariables

REDIS_VERSION: Final = "7.0"
"""The reference's version; the parameter group family must match it."""
PARAMETER_FAMILY: Final = "redis7"


class Cache(EnvironmentStack):
    """Redis on ElastiCache: one shard with replicas, which clients reach over TLS with a token."""

    port: Final = ports.REDIS

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: CacheSettings,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(
            scope,
            "cache",
            context=context,
            description=f"YAWL {context.name}: Redis",
            termination_protection=context.retain_data,
        )
        key = rotating_key(
            self,
            "Key",
            description=f"Cache of YAWL {context.name}",
            used_through=("elasticache", "secretsmanager"),
            logs=True,
            retain_data=context.retain_data,
        )
        self.auth_token = self._build_auth_token(key)
        """The token as a plain string."""
        self.replication_group = self._build_replication_group(
            settings,
            key=key,
            vpc=vpc,
            security_group=security_group,
        )
        self.primary_endpoint_address = self.replication_group.attr_primary_end_point_address
        self.test_variables = TestVariables(
            self,
            {
                "CACHE_ID": self.replication_group.ref,
                "CACHE_MULTI_AZ": settings.multi_az,
                "CACHE_NODES": settings.nodes,
                "CACHE_SNAPSHOT_DAYS": settings.snapshot_retention_days,
            },
        )
        self._acknowledge_trades(settings)

    def _build_auth_token(self, key: kms.IKey) -> secretsmanager.ISecret:
        secret = secretsmanager.Secret(
            self,
            "AuthToken",
            description=f"Auth token for the Redis of YAWL {self.context.name}",
            encryption_key=key,
            # ElastiCache requires 16 to 128 characters and rejects most punctuation.
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=removal_policy(retain_data=self.context.retain_data),
        )
        on_purpose = (
            "A new token must reach ElastiCache and every task at the same time; automatic rotation would lock the "
            "tasks out. Change it manually, with a deployment."
        )
        acknowledge(secret, {"AwsSolutions-SMG4": on_purpose, "SecretsManagerRotationEnabled": on_purpose})
        # Class and interface name a parameter differently, which the type checker rejects.
        return cast(secretsmanager.ISecret, secret)

    def _build_replication_group(
        self,
        settings: CacheSettings,
        *,
        key: kms.IKey,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
    ) -> elasticache.CfnReplicationGroup:
        subnets = elasticache.CfnSubnetGroup(
            self,
            "Subnets",
            description=f"Isolated subnets of YAWL {self.context.name}",
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids,
        )
        parameters = elasticache.CfnParameterGroup(
            self,
            "Parameters",
            description=f"Redis of YAWL {self.context.name}",
            cache_parameter_group_family=PARAMETER_FAMILY,
            properties={"maxmemory-policy": settings.eviction_policy},
        )
        replication_group = elasticache.CfnReplicationGroup(
            self,
            "ReplicationGroup",
            replication_group_description=f"Redis of YAWL {self.context.name}",
            engine="redis",
            engine_version=REDIS_VERSION,
            auto_minor_version_upgrade=True,
            cache_node_type=settings.node_type,
            num_cache_clusters=settings.nodes,
            automatic_failover_enabled=settings.nodes > 1,
            multi_az_enabled=settings.multi_az,
            port=self.port,
            cache_subnet_group_name=subnets.ref,
            security_group_ids=[security_group.security_group_id],
            cache_parameter_group_name=parameters.ref,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            at_rest_encryption_enabled=True,
            kms_key_id=key.key_id,
            # A dynamic reference that CloudFormation resolves during deployment: the token is in no template.
            auth_token=self.auth_token.secret_value.unsafe_unwrap(),
            snapshot_retention_limit=settings.snapshot_retention_days,
            log_delivery_configurations=[self._deliver(log, key=key) for log in ("slow-log", "engine-log")],
        )
        replication_group.apply_removal_policy(
            RemovalPolicy.SNAPSHOT if self.context.retain_data else RemovalPolicy.DESTROY
        )
        return replication_group

    def _deliver(
        self, log: str, *, key: kms.IKey
    ) -> elasticache.CfnReplicationGroup.LogDeliveryConfigurationRequestProperty:
        log_group = LogGroup(
            self,
            log.title().replace("-", ""),
            # Below this prefix, AWS services may write without a resource policy that grows with every log group.
            log_group_name=f"/aws/vendedlogs/elasticache/yawl-{self.context.name}/{log}",
            key=key,
            retention_days=self.context.log_retention_days,
            retain_data=self.context.retain_data,
        )
        group = elasticache.CfnReplicationGroup
        return group.LogDeliveryConfigurationRequestProperty(
            log_type=log,
            log_format="json",
            destination_type="cloudwatch-logs",
            destination_details=group.DestinationDetailsProperty(
                cloud_watch_logs_details=group.CloudWatchLogsDestinationDetailsProperty(
                    log_group=log_group.log_group_name
                )
            ),
        )

    def _acknowledge_trades(self, settings: CacheSettings) -> None:
        acknowledge(
            self.replication_group,
            {
                "AwsSolutions-AEC5": "Only the tasks' security group reaches the port; a non-default port would hide "
                "nothing from them and surprise operators.",
                "ElastiCacheRedisClusterAutomaticBackup": "The cache holds the active task's address and each "
                "task's last heartbeat. Tasks rewrite both within seconds, so there is nothing to restore.",
            },
        )
        if not settings.multi_az:
            one_zone = "This environment's settings choose half the cost over surviving the loss of a zone."
            acknowledge(self.replication_group, {"AwsSolutions-AEC4": one_zone})
