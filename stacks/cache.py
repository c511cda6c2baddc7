"""The Redis cache of one environment."""

from typing import Final, cast

from aws_cdk import Environment
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from settings.model import CacheSettings
from stacks.environment_stack import EnvironmentStack
from stacks.key import rotating_key
from stacks.log_group import LogGroup
from stacks.retention import removal_policy

REDIS_PORT: Final = 6379


class Cache(EnvironmentStack):
    """Redis on ElastiCache: one shard, reached over TLS with a token."""

    port: Final = REDIS_PORT

    def __init__(
        self,
        scope: Construct,
        *,
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        settings: CacheSettings,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        log_retention_days: int,
        retain_data: bool,
    ) -> None:
        super().__init__(
            scope,
            "cache",
            environment_name=environment_name,
            zones=zones,
            env=env,
            description=f"YAWL {environment_name}: Redis",
        )
        key = rotating_key(self, "Key", description=f"Cache of YAWL {environment_name}", retain_data=retain_data)
        auth_token = secretsmanager.Secret(
            self,
            "AuthToken",
            description=f"Token that opens the Redis of YAWL {environment_name}",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(exclude_punctuation=True, password_length=64),
            removal_policy=removal_policy(retain_data=retain_data),
        )
        # As with keys: class and interface name a parameter differently.
        self.auth_token = cast(secretsmanager.ISecret, auth_token)
        log_groups = {
            log_type: LogGroup(
                self,
                construct_id,
                log_group_name=f"/aws/vendedlogs/elasticache/yawl-{environment_name}/{log_type}",
                retention_days=log_retention_days,
                retain_data=retain_data,
            )
            for log_type, construct_id in {"slow-log": "SlowLog", "engine-log": "EngineLog"}.items()
        }
        subnets = elasticache.CfnSubnetGroup(
            self,
            "Subnets",
            description=f"Isolated subnets of YAWL {environment_name}",
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids,
        )
        self.replication_group = elasticache.CfnReplicationGroup(
            self,
            "ReplicationGroup",
            replication_group_description=f"Redis of YAWL {environment_name}",
            engine="redis",
            engine_version="7.0",
            cache_node_type=settings.node_type,
            num_cache_clusters=settings.nodes,
            automatic_failover_enabled=settings.nodes > 1,
            multi_az_enabled=settings.multi_az,
            port=REDIS_PORT,
            cache_subnet_group_name=subnets.ref,
            security_group_ids=[security_group.security_group_id],
            transit_encryption_enabled=True,
            at_rest_encryption_enabled=True,
            kms_key_id=key.key_id,
            auth_token=self.auth_token.secret_value.unsafe_unwrap(),
            log_delivery_configurations=[
                elasticache.CfnReplicationGroup.LogDeliveryConfigurationRequestProperty(
                    log_type=log_type,
                    log_format="json",
                    destination_type="cloudwatch-logs",
                    destination_details=elasticache.CfnReplicationGroup.DestinationDetailsProperty(
                        cloud_watch_logs_details=elasticache.CfnReplicationGroup.CloudWatchLogsDestinationDetailsProperty(
                            log_group=log_group.log_group_name
                        )
                    ),
                )
                for log_type, log_group in log_groups.items()
            ],
            snapshot_retention_limit=settings.snapshot_retention_days,
        )
        self.primary_endpoint_address: str = self.replication_group.attr_primary_end_point_address
