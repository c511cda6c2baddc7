"""The table `[environments.NAME]`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from settings.aws.availability import nearest
from settings.aws.data import BY_DATA, CACHE_NODE_TYPES, DATABASE_CLASSES, ZONES
from settings.sections.accepted_changes import FINGERPRINT, AcceptedChange
from settings.sections.base import Section, rule, skip_missing
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
from settings.types.addresses import (
    in_isolated_subnet,
    in_private_subnet,
    listed,
    smallest_subnet,
    usable_addresses,
)
from settings.types.aws_formats import Account, Email, TagValue
from settings.types.costs import Costs
from settings.types.image_uri import ImageUri
from settings.types.log_retention import LogRetentionDays
from settings.types.regions import REGIONS_WITHOUT_COMMON_ZONES, AvailabilityZone, Region
from settings.validation.constraints import between
from settings.validation.messages import Mistake, mistakes_in_keys
from settings.validation.toml_format import Path, quoted
from settings.validation.toml_format import listed as listed_names

EDGE_REGION = "us-east-1"
"""The region of CloudFront's web ACLs and certificates (its Developer Guide, "Requirements for using SSL/TLS")."""

DEPLOYMENT_MINUTES = 50
"""A generous estimate for an environment's stacks and tests, besides the time that the tests wait for tasks."""

Wave = Annotated[int, between(2, 9)]
MAX_REGIONS_IN_WAVE = 4
"""A stage has at most 50 actions (CodePipeline User Guide, "Quotas"), and a region's deployment has up to twelve."""

SUGGESTIONS = 3
"""Classes that a message names instead of one that a region does not sell."""

TwoZones = Annotated[tuple[AvailabilityZone, AvailabilityZone], Field(strict=False)]


class TagSettings(Section):
    """The tags of every resource besides `Environment`.

    The defaults are the reference's, "Resource Tagging".
    """

    owner: TagValue = "platform-team"
    """`Owner`: the team to contact."""
    cost_center: TagValue = "engineering"
    """`CostCenter`: the cost center that is charged."""
    compliance: TagValue | None = None
    """`Compliance`: the standard that applies; None: the standards in `[compliance]`."""
    backup_policy: TagValue = "daily"
    """`BackupPolicy`: the backup frequency."""


class EnvironmentSettings(Section):
    """One environment, in the order of delivery."""

    account: Account
    """The AWS account the environment is deployed to; several environments may share one."""
    region: Region
    """The region of all its stacks, except those CloudFront needs in us-east-1."""
    further_regions: Annotated[dict[Region, Wave], Costs("a whole environment in each")] = {}
    """Additional regions to deploy to, each with its wave: 2 follows the environment's own region, 3 follows 2."""
    availability_zones: TwoZones | None = None
    """The two availability zones to use; None: the region's `a` and `b`."""
    image: ImageUri | None = None
    """The container image; None: the one in `[image]`, so that every environment runs the same release."""
    approval: bool = True
    """Whether a person must approve each deployment to this environment."""
    deployment_window: DeploymentWindowSettings | None = None
    """When the environment may be deployed to; None: at any time."""
    bake_minutes: Annotated[int, between(0, 240, "minutes"), Costs("build minutes for each release")] = 15
    """Bake time: how long the alarms must stay OK after the tests before the release is accepted; 0: none."""
    retain_data: Annotated[bool, Costs("retained resources cost money until someone deletes them")] = True
    """Whether data outlives the stacks: deletion protection, and retention of database, buckets, secrets and keys."""
    alarm_email: Email | None = None
    """Address for alarm notifications; None: the topics have no subscriber."""
    monthly_budget_usd: Annotated[int, between(1, 10_000_000, "US dollars")] | None = None
    """Monthly budget. `alarm_email` is notified before the costs exceed it; None: no budget."""
    share_alarms: bool = False
    """Whether the pipeline's account can read this account's alarm states. Set it once per account."""
    log_retention_days: Annotated[LogRetentionDays, Costs("by the GiB and month kept")] = 90
    """How long logs of tasks, database, cache and network are kept."""
    network: NetworkSettings = NetworkSettings()
    database: DatabaseSettings = DatabaseSettings()
    cache: CacheSettings = CacheSettings()
    tasks: TasksSettings = TasksSettings()
    storage: StorageSettings = StorageSettings()
    recovery: RecoverySettings = RecoverySettings()
    distribution: DistributionSettings = DistributionSettings()
    firewall: FirewallSettings = FirewallSettings()
    verification: VerificationSettings = VerificationSettings()
    accepted_changes: dict[str, AcceptedChange] = {}
    """Accepted losses of data and broader permissions, by the change's fingerprint."""
    tags: TagSettings = TagSettings()
    domain: DomainSettings | None = None

    @property
    def waves(self) -> list[list["EnvironmentSettings"]]:
        """The environment in each of its regions, by wave. The first wave is its own region."""
        later = {
            wave: [self._in(region) for region, its in self.further_regions.items() if its == wave]
            for wave in sorted(set(self.further_regions.values()))
        }
        return [[self], *later.values()]

    def _in(self, region: str) -> "EnvironmentSettings":
        # Only the own region has copies elsewhere: copies from several regions would have the same names.
        recovery = self.recovery.model_copy(update={"copy_region": None})
        elsewhere = self.model_copy(update={"region": region, "recovery": recovery})
        # An account has one role that shares its alarms, for all regions.
        return elsewhere.model_copy(update={"availability_zones": None, "further_regions": {}, "share_alarms": False})

    @property
    def zones(self) -> tuple[str, str]:
        """The two availability zones, by name so that synthesis does not look them up."""
        return self.availability_zones or (f"{self.region}a", f"{self.region}b")

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of the environment's stacks, its own first."""
        copies = self.recovery.copy_region
        edge = EDGE_REGION if self.firewall.enabled else None
        return tuple(dict.fromkeys(region for region in (self.region, copies, edge) if region is not None))

    @rule
    def _fingerprints_are_valid(self) -> Iterator[Mistake]:
        yield from mistakes_in_keys("accepted_changes", self.accepted_changes, FINGERPRINT)

    @rule
    def _waves_have_no_gaps(self) -> Iterator[Mistake]:
        waves = list(self.further_regions.values())
        for region, wave in self.further_regions.items():
            path = ("further_regions", region)
            if region == self.region:
                yield Mistake(
                    path,
                    f"is a later wave, but {region} is the environment's own region, the first wave; remove the key",
                )
            elif region in REGIONS_WITHOUT_COMMON_ZONES:
                yield Mistake(
                    path,
                    f"is not possible: the availability zones of {region} differ between accounts; give it an "
                    "environment of its own that names its zones",
                )
            elif wave > 2 and wave - 1 not in waves:
                yield Mistake(path, f"leaves a gap: wave {wave - 1} has no region; number the waves without gaps")
            elif waves.count(wave) > MAX_REGIONS_IN_WAVE:
                yield Mistake(
                    path, f"is a wave of too many regions: at most {MAX_REGIONS_IN_WAVE} fit into a stage; take another"
                )
        if self.further_regions and self.domain is not None:
            yield Mistake(
                ("domain",),
                "conflicts with further_regions: only one CloudFront distribution can have a name; remove one of the "
                "two",
            )

    @rule
    def _zones_of_the_region(self) -> Iterator[Mistake]:
        zones = self.availability_zones
        if zones is None:
            if self.region in REGIONS_WITHOUT_COMMON_ZONES:
                yield Mistake(
                    ("availability_zones",),
                    f"missing: name two zones, since those of {self.region} differ between accounts",
                )
            return
        for index, zone in enumerate(zones):
            if zone[:-1] != self.region:
                yield Mistake(("availability_zones", index), f"must be in region {self.region}")
            elif zone[-1] not in ZONES[self.region] and self.region not in REGIONS_WITHOUT_COMMON_ZONES:
                offered = listed_names([f"{self.region}{letter}" for letter in ZONES[self.region]])
                yield Mistake(("availability_zones", index), f"does not exist ({BY_DATA}); choose two of {offered}")
        if zones[0] == zones[1]:
            yield Mistake(("availability_zones", 1), "is listed twice; name two different zones")

    @rule
    def _classes_are_sold_in_its_regions(self) -> Iterator[Mistake]:
        for region in (self.region, *self.further_regions):
            with skip_missing():
                yield from _unsold(
                    ("database", "instance_class"), self.database.instance_class, DATABASE_CLASSES, region
                )
            with skip_missing():
                yield from _unsold(("cache", "node_type"), self.cache.node_type, CACHE_NODE_TYPES, region)

    @rule
    def _budget_has_a_recipient(self) -> Iterator[Mistake]:
        if self.monthly_budget_usd is not None and self.alarm_email is None:
            yield Mistake(("monthly_budget_usd",), "needs alarm_email, the address to notify")

    @rule
    def _deployed_while_tasks_run(self) -> Iterator[Mistake]:
        off_hours, window = self.tasks.off_hours, self.deployment_window
        if off_hours is None:
            return
        if window is None:
            yield Mistake(
                ("tasks", "off_hours"), "needs deployment_window: a deployment cannot be tested while no tasks run"
            )
            return
        if window.time_zone != off_hours.time_zone:
            yield Mistake(
                ("tasks", "off_hours", "time_zone"), f"must be deployment_window.time_zone {quoted(window.time_zone)}"
            )
        if not set(window.week_days) <= set(off_hours.week_days):
            yield Mistake(("deployment_window", "days"), f"must be among tasks.off_hours.days {quoted(off_hours.days)}")
        if not off_hours.wake_hour <= window.first_hour <= window.last_hour:
            yield Mistake(
                ("deployment_window", "hours"),
                f"must start at tasks.off_hours.wake_hour {off_hours.wake_hour} or later",
            )
        needed = DEPLOYMENT_MINUTES + self.verification.deadline_seconds // 60 + self.bake_minutes
        if 60 * (off_hours.sleep_hour - window.last_hour - 1) < needed:
            yield Mistake(
                ("deployment_window", "hours"),
                f"must end {needed} minutes before tasks.off_hours.sleep_hour {off_hours.sleep_hour}: "
                "the last release needs that time for its deployment, verification.deadline_seconds and bake_minutes",
            )

    @rule
    def _room_for_tasks(self) -> Iterator[Mistake]:
        smallest = min(self.network.private_subnets, key=usable_addresses)
        room = usable_addresses(smallest)
        needed = in_private_subnet(
            self.tasks.max,
            interface_endpoints=self.network.interface_endpoints,
            operator_access=self.database.operator_access,
        )
        if room < sum(needed.values()):
            most = room - sum(needed.values()) + self.tasks.max
            yield Mistake(
                ("tasks", "max"),
                f"is too many for network.private_subnets: {listed(needed)}; {smallest} has {room}. Use subnets of "
                f"{smallest_subnet(sum(needed.values()))} or larger, or at most {most} tasks",
            )

    @rule
    def _room_for_data_stores(self) -> Iterator[Mistake]:
        needed = in_isolated_subnet(self.cache.nodes)
        for index, block in enumerate(self.network.isolated_subnets):
            if usable_addresses(block) < sum(needed.values()):
                yield Mistake(
                    ("network", "isolated_subnets", index),
                    f"is too small: {listed(needed)}; it has {usable_addresses(block)}. Use "
                    f"{smallest_subnet(sum(needed.values()))} or larger, or fewer cache.nodes",
                )

    @rule
    def _copies_in_another_region(self) -> Iterator[Mistake]:
        if self.recovery.copy_region == self.region:
            yield Mistake(
                ("recovery", "copy_region"),
                "is the environment's own region: a copy there would be lost with it; take another",
            )
        if self.recovery.copy_region in self.further_regions:
            yield Mistake(
                ("recovery", "copy_region"),
                "is also a further region, whose own backups have the same names as the copies; take another",
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
                f"missing: CloudFront needs a certificate in {EDGE_REGION}, and the environment is in {self.region}",
            )
        if arn is not None and arn.split(":")[4] != self.account:
            yield Mistake(path, f"must be in the environment's account {self.account}")


def _unsold(path: Path, wanted: str, sold: Mapping[str, Sequence[str]], region: str) -> Iterator[Mistake]:
    """Yield a mistake if a class is not sold in a region; it names some of its size and kind that are."""
    if region in sold[wanted]:
        return
    _, family, size = wanted.split(".")
    there = [one for one, regions in sold.items() if region in regions and one.endswith(f".{size}")]
    alike = sorted(there, key=lambda one: (one.split(".")[1][0] != family[0], one))[:SUGGESTIONS]
    instead = f"sold there: {', '.join(alike)}" if alike else f"no class of size {size} is sold there"
    yield Mistake(path, f"is not sold in {region} ({BY_DATA}); {instead}; {nearest(region, sold[wanted])}")
