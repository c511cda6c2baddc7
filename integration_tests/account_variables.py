"""The environment variables of the AWS checks, validated together."""

from collections.abc import Mapping
from dataclasses import dataclass

from integration_tests.variable_reader import REGION, Reader

_ARN_OF_A_SECRET = r"arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:\S+"  # noqa: S105  # a pattern, not a secret


@dataclass(frozen=True, kw_only=True)
class AccountVariables:
    """The variables of the AWS checks."""

    region: str
    cluster_name: str
    service_name: str
    target_group_arn: str
    task_definition_arn: str
    """The released revision."""
    alarm_name_prefix: str
    stack_names: tuple[str, ...]
    """All stacks of the environment."""
    database_id: str
    """The identifier of the RDS instance."""
    database_multi_az: bool
    database_backup_days: int
    database_deletion_protection: bool
    password_rotation_days: int
    cache_id: str
    """The identifier of the replication group."""
    cache_multi_az: bool
    cache_nodes: int
    cache_snapshot_days: int
    origin_secret_arn: str | None = None
    """The secret header's value, which the load balancer requires; None: tests that need it are skipped."""
    engine_credentials_arn: str | None = None
    """The engine's administrator; None: tests that need it are skipped."""
    integration_test_role_arn: str | None
    """The role to assume in the environment's account; None: the caller's own credentials are used."""
    endpoint_url: str | None
    """The endpoint of an emulator; boto3 reads the same variable."""


def read_account_variables(variables: Mapping[str, str]) -> tuple[AccountVariables, list[str]]:
    """Read the variables of the AWS checks and list every mistake; use the values only if there is none."""
    reader = Reader(variables)
    region = reader.text("ENVIRONMENT_REGION", "the environment's region, such as eu-central-1", REGION)
    account = AccountVariables(
        region=region,
        cluster_name=reader.text("CLUSTER_NAME", "the name of the ECS cluster", r"[\w-]{1,255}"),
        service_name=reader.text("SERVICE_NAME", "the name of the ECS service", r"[\w-]{1,255}"),
        target_group_arn=reader.text(
            "TARGET_GROUP_ARN",
            "the ARN of the load balancer's target group",
            r"arn:aws[\w-]*:elasticloadbalancing:[\w-]+:\d{12}:targetgroup/\S+",
        ),
        task_definition_arn=reader.text(
            "TASK_DEFINITION_ARN",
            "the ARN of the released task definition, its revision included",
            r"arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition/[\w-]+:\d+",
        ),
        alarm_name_prefix=reader.text("ALARM_NAME_PREFIX", "the prefix of the environment's alarm names"),
        stack_names=tuple(
            reader.text(
                "STACK_NAMES", "the names of the environment's stacks, separated by commas", r"[\w-]+(,[\w-]+)*"
            ).split(",")
        ),
        database_id=reader.text("DATABASE_ID", "the identifier of the database instance", r"[\w-]{1,63}"),
        database_multi_az=reader.truth("DATABASE_MULTI_AZ", "whether the database has a standby in another zone"),
        database_backup_days=reader.count("DATABASE_BACKUP_DAYS", "for how many days backups are kept"),
        database_deletion_protection=reader.truth(
            "DATABASE_DELETION_PROTECTION", "whether RDS refuses to delete the database"
        ),
        password_rotation_days=reader.count("PASSWORD_ROTATION_DAYS", "after how many days the password changes"),
        cache_id=reader.text("CACHE_ID", "the identifier of the cache's replication group", r"[\w-]{1,40}"),
        cache_multi_az=reader.truth("CACHE_MULTI_AZ", "whether a replica in another zone takes over"),
        cache_nodes=reader.count("CACHE_NODES", "how many nodes the cache has"),
        cache_snapshot_days=reader.count("CACHE_SNAPSHOT_DAYS", "for how many days snapshots are kept"),
        origin_secret_arn=reader.optional("ORIGIN_SECRET_ARN", "the ARN of the origin's secret", _ARN_OF_A_SECRET),
        engine_credentials_arn=reader.optional(
            "ENGINE_CREDENTIALS_ARN", "the ARN of the engine's credentials", _ARN_OF_A_SECRET
        ),
        integration_test_role_arn=reader.optional(
            "INTEGRATION_TEST_ROLE_ARN", "the ARN of a role to assume", r"arn:aws[\w-]*:iam::\d{12}:role/\S+"
        ),
        endpoint_url=reader.optional("AWS_ENDPOINT_URL", "an address that starts with http", r"https?://\S+"),
    )
    if not reader.mistakes:
        for name, arn in [
            ("TARGET_GROUP_ARN", account.target_group_arn),
            ("TASK_DEFINITION_ARN", account.task_definition_arn),
        ]:
            if arn.split(":")[3] != region:
                reader.refuse(name, arn, f"is not in ENVIRONMENT_REGION, {region}")
    return account, reader.mistakes
