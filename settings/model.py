"""The typed model of `delivery.toml`.

Defaults are the figures of the reference architecture for production, so that a production environment needs little
more than an account and a region; smaller environments say where they are smaller.
"""

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """What all parts of the settings share: frozen, strict, and no unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class RepositorySettings(Model):
    """Where the source comes from: `[repository]`."""

    name: str
    """Owner and repository, `owner/name`."""
    branch: str = "main"
    """The branch whose pushes start the pipeline."""
    connection_arn: str
    """ARN of the CodeConnections connection that may read the repository."""


class PipelineSettings(Model):
    """The account the pipeline itself lives in: `[pipeline]`."""

    account: str
    region: str
    approval_email: str | None = None
    """Who is told that an approval waits; None: nobody is subscribed to the topic."""
    log_retention_days: int = 90
    """How long the logs of the builds are kept."""
    artifact_retention_days: int = 90
    """How long the pipeline's artifacts are kept (reference, Storage: artifacts 90 days)."""


class NetworkSettings(Model):
    """One environment's VPC: `[environments.NAME.network]`. Subnet pairs are one per availability zone."""

    cidr: str = "10.0.0.0/16"
    public_subnets: tuple[str, str] = ("10.0.1.0/24", "10.0.2.0/24")
    private_subnets: tuple[str, str] = ("10.0.3.0/24", "10.0.4.0/24")
    isolated_subnets: tuple[str, str] = ("10.0.10.0/24", "10.0.11.0/24")
    nat_gateways: int = 2
    """NAT gateways; 1 is cheaper, 2 (one per availability zone) survives the loss of a zone."""
    interface_endpoints: bool = True
    """Whether ECR, Secrets Manager and CloudWatch Logs are reached inside the VPC (they cost per hour and zone)."""


class DatabaseSettings(Model):
    """One environment's PostgreSQL: `[environments.NAME.database]`."""

    instance_class: str = "db.t3.small"
    multi_az: bool = True
    storage_gib: int = 100
    max_storage_gib: int = 1000
    """The limit of storage autoscaling."""
    backup_retention_days: int = 30
    password_rotation_days: int = 30
    slow_query_milliseconds: int = 1000
    """Statements that take longer are logged (`log_min_duration_statement`)."""


class CacheSettings(Model):
    """One environment's Redis: `[environments.NAME.cache]`."""

    node_type: str = "cache.t3.small"
    nodes: int = 2
    """Nodes in the replication group, the primary included."""
    multi_az: bool = True
    eviction_policy: str = "volatile-lru"
    """Redis' `maxmemory-policy`."""
    snapshot_retention_days: int = 7


class TasksSettings(Model):
    """One environment's Fargate tasks: `[environments.NAME.tasks]`."""

    min: int = 2
    max: int = 6
    cpu: int = 1024
    """CPU units of one task; 1024 is one vCPU."""
    memory: int = 2048
    """Memory of one task in MiB."""
    heap: str = "1024m"
    """The engine's Java heap, `YAWL_HEAP_SIZE`."""
    log_level: str = "INFO"
    cpu_target_percent: int = 70
    memory_target_percent: int = 80
    startup_grace_seconds: int = 180
    """How long a new task may fail health checks; YAWL starts in 15 to 57 s on two cores, one vCPU takes longer."""


class StorageSettings(Model):
    """One environment's buckets: `[environments.NAME.storage]`. All figures are days."""

    backup_glacier_days: int = 30
    backup_deep_archive_days: int = 90
    """Leaves Glacier before its 90-day billing minimum; the reference says so all the same."""
    backup_noncurrent_days: int = 365
    artifact_days: int = 90
    access_log_days: int = 90


class DistributionSettings(Model):
    """One environment's CloudFront distribution: `[environments.NAME.distribution]`."""

    static_ttl_seconds: int = 86_400
    api_ttl_seconds: int = 300
    api_max_ttl_seconds: int = 1_800
    open_engine_api: bool = False
    """Whether `/yawl/*` is reachable from the internet; the engine has a well-known default login."""


class DomainSettings(Model):
    """A name of one's own for an environment: `[environments.NAME.domain]`.

    Users open `name`; the distribution reaches the load balancer at `origin.<name>`, which the load balancer's
    certificate covers.
    """

    name: str
    hosted_zone_id: str
    hosted_zone_name: str
    edge_certificate_arn: str | None = None
    """ACM certificate for `name` in us-east-1; None: one is created, which only an environment in us-east-1 can."""


class VerificationSettings(Model):
    """What the integration tests expect: `[environments.NAME.verification]`."""

    deadline_seconds: int = 600
    """How long the environment may take to become healthy after a deployment."""
    consecutive_successes: int = 5
    """How often in a row the health path must answer."""


class TagSettings(Model):
    """The tags every resource of an environment carries besides `Environment`: `[environments.NAME.tags]`."""

    owner: str = "platform-team"
    cost_center: str = "engineering"
    compliance: str = "none"
    backup_policy: str = "daily"


class EnvironmentSettings(Model):
    """One environment: `[environments.NAME]`, in the order of delivery."""

    account: str
    region: str
    availability_zones: tuple[str, str] | None = None
    """The two zones to use; None: the region's `a` and `b`."""
    image: str | None = None
    """The container image; None: the one under `[image]`, the same release in every environment."""
    approval: bool = True
    """Whether a person must approve before anything in this environment is touched."""
    retain_data: bool = True
    """Whether data outlives the stacks: deletion protection, and retention of database, buckets, secrets and keys."""
    alarm_email: str | None = None
    log_retention_days: int = 90
    network: NetworkSettings = NetworkSettings()
    database: DatabaseSettings = DatabaseSettings()
    cache: CacheSettings = CacheSettings()
    tasks: TasksSettings = TasksSettings()
    storage: StorageSettings = StorageSettings()
    distribution: DistributionSettings = DistributionSettings()
    verification: VerificationSettings = VerificationSettings()
    tags: TagSettings = TagSettings()
    domain: DomainSettings | None = None

    @property
    def zones(self) -> tuple[str, str]:
        """The two availability zones, named so that synthesis need not look them up."""
        return self.availability_zones or (f"{self.region}a", f"{self.region}b")


class ImageSettings(Model):
    """The container image every environment runs: `[image]`."""

    uri: str
    """ECR repository with a fixed tag or digest."""


class Settings(Model):
    """All of `delivery.toml`."""

    repository: RepositorySettings
    pipeline: PipelineSettings
    image: ImageSettings
    environments: dict[str, EnvironmentSettings] = Field(min_length=1)
    """Environments by name, in the order of delivery."""

    def image_of(self, environment: str) -> str:
        """Return the image URI the environment runs."""
        return self.environments[environment].image or self.image.uri
