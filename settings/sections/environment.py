"""The table `[environments.NAME]`."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from settings.sections.accepted_changes import AcceptedChange, Fingerprint
from settings.sections.base import Mistake, Section, rule
from settings.sections.cache import CacheSettings
from settings.sections.database import DatabaseSettings
from settings.sections.deployment_window import DeploymentWindowSettings
from settings.sections.distribution import DistributionSettings
from settings.sections.domain import DomainSettings
from settings.sections.firewall import FirewallSettings
from settings.sections.network import NetworkSettings
from settings.sections.recovery import RecoverySettings
from settings.sections.storage import StorageSettings
from settings.sections.tasks import TasksSettings
from settings.sections.verification import VerificationSettings
from settings.types.aws_formats import Account, Email, TagValue
from settings.types.cidr import usable_addresses
from settings.types.costs import Costs
from settings.types.image_uri import ImageUri
from settings.types.log_retention import LogRetentionDays
from settings.types.regions import REGIONS_WITHOUT_COMMON_ZONES, AvailabilityZone, Region
from settings.validation.constraints import Between
from settings.validation.toml_format import quoted

EDGE_REGION = "us-east-1"
"""Where CloudFront looks for firewalls and certificates (its Developer Guide, "Requirements for using SSL/TLS")."""

DEPLOYMENT_MINUTES = 60
"""What the stacks of an environment and its tests take, amply: the tests alone wait ten minutes for tasks."""

Wave = Annotated[int, Between(2, 9)]
MOST_IN_A_WAVE = 4
"""A stage has at most 50 actions (CodePipeline User Guide, "Quotas"), and a region's deployment has up to twelve."""

TwoZones = Annotated[tuple[AvailabilityZone, AvailabilityZone], Field(strict=False)]


class TagSettings(Section):
    """The tags every resource carries besides `Environment`.

    The values are those of the reference, "Resource Tagging".
    """

    owner: TagValue = "platform-team"
    """`Owner`: the team to ask."""
    cost_center: TagValue = "engineering"
    """`CostCenter`: who pays."""
    compliance: TagValue | None = None
    """`Compliance`: the standard that applies; None: the standards that `[compliance]` names."""
    backup_policy: TagValue = "daily"
    """`BackupPolicy`: how often backups are made."""


class EnvironmentSettings(Section):
    """One environment, in the order of delivery."""

    account: Account
    """The AWS account the environment is deployed to; several environments may share one."""
    region: Region
    """The region of all its stacks but what CloudFront needs elsewhere."""
    further_regions: Annotated[dict[Region, Wave], Costs("a whole environment for each")] = {}
    """More regions that get the release, each with its wave: 2 follows the environment's own region, 3 follows 2."""
    availability_zones: TwoZones | None = None
    """The two zones to use; None: the region's `a` and `b`."""
    image: ImageUri | None = None
    """The container image; None: the one under `[image]`, the same release in every environment."""
    approval: bool = True
    """Whether a person must approve before anything in this environment is touched."""
    deployment_window: DeploymentWindowSettings | None = None
    """When the environment may be touched; None: at any time."""
    bake_minutes: Annotated[int, Between(0, 240, "minutes"), Costs("a build's minutes, with each release")] = 15
    """How long the alarms are watched after the tests, before the release counts as good; 0: not at all."""
    retain_data: Annotated[
        bool, Costs("what stays after a stack is deleted is paid for until it is removed by hand")
    ] = True
    """Whether data outlives the stacks: deletion protection, and retention of database, buckets, secrets and keys."""
    alarm_email: Email | None = None
    """Who is told of alarms; None: nobody is subscribed to the topics."""
    monthly_budget_usd: Annotated[int, Between(1, 10_000_000, "US dollars")] | None = None
    """What the environment may cost a month; `alarm_email` is told before it is exceeded. None: there is no budget."""
    share_alarms: bool = False
    """Whether the pipeline's account may see the states of this account's alarms; once per account is enough."""
    log_retention_days: Annotated[LogRetentionDays, Costs("by the GiB and month kept")] = 90
    """How long the logs of tasks, database, cache and network are kept."""
    network: NetworkSettings = NetworkSettings()
    database: DatabaseSettings = DatabaseSettings()
    cache: CacheSettings = CacheSettings()
    tasks: TasksSettings = TasksSettings()
    storage: StorageSettings = StorageSettings()
    recovery: RecoverySettings = RecoverySettings()
    distribution: DistributionSettings = DistributionSettings()
    firewall: FirewallSettings = FirewallSettings()
    verification: VerificationSettings = VerificationSettings()
    accepted_changes: dict[Fingerprint, AcceptedChange] = {}
    """Losses of data and broadened permissions that are meant, by the change's fingerprint."""
    tags: TagSettings = TagSettings()
    domain: DomainSettings | None = None

    @property
    def waves(self) -> list[list["EnvironmentSettings"]]:
        """The environment in each of its regions, wave by wave: its own region alone is the first."""
        later = {
            wave: [self._in(region) for region, its in self.further_regions.items() if its == wave]
            for wave in sorted(set(self.further_regions.values()))
        }
        return [[self], *later.values()]

    def _in(self, region: str) -> "EnvironmentSettings":
        # The own region's environment alone has copies elsewhere: those of several would bear the same names.
        recovery = self.recovery.model_copy(update={"copy_region": None})
        elsewhere = self.model_copy(update={"region": region, "recovery": recovery})
        # Nor has an account the role that shares its alarms more than once; it serves all regions.
        return elsewhere.model_copy(update={"availability_zones": None, "further_regions": {}, "share_alarms": False})

    @property
    def zones(self) -> tuple[str, str]:
        """The two availability zones, named so that synthesis need not look them up."""
        return self.availability_zones or (f"{self.region}a", f"{self.region}b")

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that the environment has stacks in, its own first."""
        copies = self.recovery.copy_region
        edge = EDGE_REGION if self.firewall.enabled else None
        return tuple(dict.fromkeys(region for region in (self.region, copies, edge) if region is not None))

    @rule
    def _waves_follow_each_other(self) -> Iterator[Mistake]:
        waves = list(self.further_regions.values())
        for region, wave in self.further_regions.items():
            path = ("further_regions", region)
            if region == self.region:
                yield Mistake(path, "is the environment's own region, which is the first wave")
            elif region in REGIONS_WITHOUT_COMMON_ZONES:
                yield Mistake(path, "cannot be a further region: accounts differ in the zones they have there")
            elif wave > 2 and wave - 1 not in waves:
                yield Mistake(path, f"leaves a gap: no region is in wave {wave - 1}")
            elif waves.count(wave) > MOST_IN_A_WAVE:
                yield Mistake(path, f"is too many in one wave: {MOST_IN_A_WAVE} regions fit into a stage")
        if self.further_regions and self.domain is not None:
            yield Mistake(("domain",), "does not fit further_regions: CloudFront gives a name to one distribution only")

    @rule
    def _zones_of_the_region(self) -> Iterator[Mistake]:
        zones = self.availability_zones
        if zones is None:
            if self.region in REGIONS_WITHOUT_COMMON_ZONES:
                yield Mistake(
                    ("availability_zones",), f"must name two zones: in {self.region} accounts differ in those they have"
                )
            return
        for index, zone in enumerate(zones):
            if zone[:-1] != self.region:
                yield Mistake(("availability_zones", index), f"is not in region {self.region}")
        if zones[0] == zones[1]:
            yield Mistake(("availability_zones", 1), "is named twice: two zones are needed")

    @rule
    def _somebody_hears_of_the_budget(self) -> Iterator[Mistake]:
        if self.monthly_budget_usd is not None and self.alarm_email is None:
            yield Mistake(("monthly_budget_usd",), "needs alarm_email: nobody would hear that it is exceeded")

    @rule
    def _deployed_while_tasks_run(self) -> Iterator[Mistake]:
        night, window = self.tasks.night, self.deployment_window
        if night is None:
            return
        if window is None:
            yield Mistake(
                ("tasks", "night"), "needs deployment_window: what is deployed while no task runs cannot be tested"
            )
            return
        if window.time_zone != night.time_zone:
            yield Mistake(
                ("tasks", "night", "time_zone"), f"must be deployment_window.time_zone {quoted(window.time_zone)}"
            )
        if not set(window.week_days) <= set(night.week_days):
            yield Mistake(("deployment_window", "days"), f"must be among tasks.night.days {quoted(night.days)}")
        if not night.wake_hour <= window.first_hour <= window.last_hour:
            yield Mistake(
                ("deployment_window", "hours"), f"must begin at tasks.night.wake_hour {night.wake_hour} or later"
            )
        needed = DEPLOYMENT_MINUTES + self.bake_minutes
        if 60 * (night.sleep_hour - window.last_hour - 1) < needed:
            yield Mistake(
                ("deployment_window", "hours"),
                f"must end {needed} minutes before tasks.night.sleep_hour {night.sleep_hour}: "
                "so long takes a release that begins last, with its tests and bake_minutes",
            )

    @rule
    def _room_for_tasks(self) -> Iterator[Mistake]:
        room = sum(usable_addresses(block) for block in self.network.private_subnets)
        # While a deployment replaces tasks, the old ones and the new ones hold an address each.
        if 2 * self.tasks.max > room:
            yield Mistake(
                ("tasks", "max"),
                f"is too many for network.private_subnets: they have {room} addresses, a deployment needs two per task",
            )

    @rule
    def _copies_elsewhere(self) -> Iterator[Mistake]:
        if self.recovery.copy_region == self.region:
            yield Mistake(("recovery", "copy_region"), "is the environment's own: a copy there is lost with it")
        if self.recovery.copy_region in self.further_regions:
            yield Mistake(
                ("recovery", "copy_region"), "is a further region: its own backups have the names of the copies"
            )

    @rule
    def _certificate_for_the_edge(self) -> Iterator[Mistake]:
        if self.domain is None:
            return
        path = ("domain", "edge_certificate_arn")
        arn = self.domain.edge_certificate_arn
        if arn is None and self.region != EDGE_REGION:
            yield Mistake(
                path,
                f"must be given: CloudFront reads certificates in {EDGE_REGION}, the environment is in {self.region}",
            )
        if arn is not None and arn.split(":")[4] != self.account:
            yield Mistake(path, f"is not in the environment's account {self.account}")
