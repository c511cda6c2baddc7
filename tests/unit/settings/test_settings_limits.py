"""The last value that each rule accepts and the first that it rejects, and values that follow from settings."""

import re
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from settings import AuditSettings, AuditShare, RepositorySettings, Settings, SettingsError, TasksSettings, load
from settings.sections.deployment_window import week_days
from settings.types.addresses import usable_addresses
from settings.types.aws_formats import RepositoryUrl, port_problem
from tests.unit.settings_file import delivery_toml

DEV_HOURS = """\
dev.tasks.off_hours = { days = "MON-FRI", wake_hour = 7, sleep_hour = 19, time_zone = "Europe/Berlin" }
dev.deployment_window = { days = "MON-FRI", hours = "9-15", time_zone = "Europe/Berlin" }
dev.bake_minutes = 15"""
SMALL_SUBNETS = 'prod.network.private_subnets = ["10.0.3.0/28", "10.0.4.0/28"]\n'
FOUR_REGIONS = "".join(
    f"prod.further_regions.{region} = 2\n" for region in ("eu-west-1", "eu-west-2", "eu-west-3", "us-east-2")
)

LIMITS = {
    "as many tasks as minimum": ("prod.tasks.min = 2\nprod.tasks.max = 2", "prod.tasks.min = 3\nprod.tasks.max = 2"),
    "two addresses per task, and the endpoints'": (
        f"{SMALL_SUBNETS}prod.tasks.max = 7",
        f"{SMALL_SUBNETS}prod.tasks.max = 8",
    ),
    "addresses without endpoints": (
        f"{SMALL_SUBNETS}prod.network.interface_endpoints = false\nprod.tasks.max = 11",
        f"{SMALL_SUBNETS}prod.network.interface_endpoints = false\nprod.tasks.max = 12",
    ),
    "addresses of cache nodes": (
        'prod.network.isolated_subnets = ["10.0.10.0/28", "10.0.11.0/24"]\nprod.cache.nodes = 4',
        'prod.network.isolated_subnets = ["10.0.10.0/28", "10.0.11.0/24"]\nprod.cache.nodes = 5',
    ),
    "heap of three quarters": (
        'prod.tasks.memory = 4096\nprod.tasks.heap = "3072m"',
        'prod.tasks.memory = 4096\nprod.tasks.heap = "3073m"',
    ),
    "heap that leaves 768 MiB": (
        'prod.tasks.memory = 2048\nprod.tasks.heap = "1280m"',
        'prod.tasks.memory = 2048\nprod.tasks.heap = "1281m"',
    ),
    "heap in GiB": (
        'prod.tasks.memory = 4096\nprod.tasks.heap = "3G"',
        'prod.tasks.memory = 4096\nprod.tasks.heap = "4G"',
    ),
    "block of a VPC": ('prod.network.cidr = "10.0.0.0/16"', 'prod.network.cidr = "10.0.0.0/15"'),
    "nodes for a failover": ("prod.cache.nodes = 2", "prod.cache.nodes = 1"),
    "storage with 10 % more": (
        "prod.database.storage_gib = 100\nprod.database.max_storage_gib = 110",
        "prod.database.storage_gib = 100\nprod.database.max_storage_gib = 109",
    ),
    "weekly backups as long as daily ones": (
        "prod.recovery.daily_retention_days = 90",
        "prod.recovery.daily_retention_days = 91",
    ),
    "monthly backups as long as weekly ones": (
        "prod.recovery.weekly_retention_days = 365",
        "prod.recovery.weekly_retention_days = 366",
    ),
    "Deep Archive a day after Glacier": (
        "prod.storage.backup_glacier_days = 89",
        "prod.storage.backup_glacier_days = 90",
    ),
    "four regions in a wave": (FOUR_REGIONS, f"{FOUR_REGIONS}prod.further_regions.ca-central-1 = 2"),
    "waves without a gap": (
        "prod.further_regions.eu-west-1 = 2\nprod.further_regions.eu-west-2 = 3",
        "prod.further_regions.eu-west-1 = 2\nprod.further_regions.eu-west-2 = 4",
    ),
    "window that opens when tasks start": (
        DEV_HOURS.replace('"9-15"', '"7-15"'),
        DEV_HOURS.replace('"9-15"', '"6-15"'),
    ),
    # The last release starts before 17:00, and tasks stop at 19:00.
    "time for a deployment and the bake": (
        DEV_HOURS.replace('"9-15"', '"9-16"').replace("= 15", "= 60"),
        DEV_HOURS.replace('"9-15"', '"9-16"').replace("= 15", "= 61"),
    ),
    "window of one hour": (DEV_HOURS.replace('"9-15"', '"9"'), DEV_HOURS.replace('"9-15"', '"6"')),
    "window on the same days": (DEV_HOURS, DEV_HOURS.replace('"MON-FRI", hours', '"MON-SAT", hours')),
    "budget with a recipient": (
        'prod.monthly_budget_usd = 100\nprod.alarm_email = "team@example.com"',
        "prod.monthly_budget_usd = 100",
    ),
    "alarms shared once per account": (
        "dev.share_alarms = true\nprod.share_alarms = true",
        'dev.share_alarms = true\nprod.share_alarms = true\nprod.account = "222222222222"',
    ),
    "similar names in one account": (
        'product.account = "444444444444"\nproduct.region = "eu-west-1"',
        'prod-uct.account = "444444444444"\nprod-uct.region = "eu-west-1"',
    ),
    "similar names in two accounts": (
        'prod-eu.account = "555555555555"\nprod-eu.region = "us-east-1"',
        'prod-eu.account = "444444444444"\nprod-eu.region = "us-east-1"',
    ),
}
"""Changes that are accepted, and the same one step further, which are not; `environments.` is left out."""


def loaded(changes: str, folder: Path) -> Settings:
    file = folder / "delivery.toml"
    file.write_text(delivery_toml(re.sub(r"^(?=dev|prod)", "environments.", changes, flags=re.MULTILINE)))
    return load(file)


@pytest.mark.parametrize("name", LIMITS)
def test_limit_is_accepted_and_one_step_further_is_not(name: str, tmp_path: Path) -> None:
    right, wrong = LIMITS[name]
    loaded(right, tmp_path)
    with pytest.raises(SettingsError) as error:
        loaded(wrong, tmp_path)
    # The members of a wave that is too large have the same mistake.
    assert len({problem.split(": ", 2)[2] for problem in error.value.problems}) == 1, error.value.problems


@pytest.mark.parametrize(
    ("cpu", "takeover", "grace"), [(256, 365, 430), (512, 185, 250), (1024, 95, 160), (2048, 95, 160)]
)
def test_less_than_one_vcpu_starts_slower(cpu: int, takeover: int, grace: int) -> None:
    tasks = TasksSettings.model_construct(cpu=cpu)
    assert (tasks.takeover, tasks.startup_grace) == (takeover, grace)
    assert TasksSettings.model_construct(cpu=cpu, startup_grace_seconds=0).startup_grace == 0


@pytest.mark.parametrize("trail", [True, False])
@pytest.mark.parametrize("first_in_account", [True, False])
@pytest.mark.parametrize("first_in_region", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_audit_resources_belong_to_the_first_stack(
    trail: bool, first_in_account: bool, first_in_region: bool, asked: bool
) -> None:
    share = AuditShare(
        settings=AuditSettings(trail=trail, guardduty=asked, config=asked),
        first_in_account=first_in_account,
        first_in_region=first_in_region,
    )
    expected = (trail and first_in_account, asked and first_in_region, asked and first_in_region)
    assert (share.trail, share.guardduty, share.config) == expected
    assert share.is_empty == (not any(expected))


def test_resources_that_are_asked_for_alone_are_not_empty() -> None:
    for kind in ("trail", "guardduty", "config"):
        asked = {name: name == kind for name in ("trail", "guardduty", "config")}
        share = AuditShare(settings=AuditSettings(**asked), first_in_account=True, first_in_region=True)
        assert (share.trail, share.guardduty, share.config) == tuple(asked.values())
        assert not share.is_empty


@pytest.mark.parametrize(
    ("url", "page"),
    [
        (None, "docs/a.md"),
        ("https://github.com/example/yawl", "https://github.com/example/yawl/blob/release/a%231/docs/a.md"),
        (
            "https://gitlab.example.com/example/yawl",
            "https://gitlab.example.com/example/yawl/-/blob/release/a%231/docs/a.md",
        ),
        ("https://bitbucket.org/example/yawl", "https://bitbucket.org/example/yawl/src/release/a%231/docs/a.md"),
    ],
)
def test_page_of_a_file(url: str | None, page: str) -> None:
    repository = RepositorySettings.model_construct(name="example/yawl", branch="release/a#1", url=url)
    assert repository.page("docs/a.md") == page


@pytest.mark.parametrize(
    ("days", "names"),
    [
        ("WED", ("WED",)),
        ("MON,THU", ("MON", "THU")),
        ("TUE-TUE", ("TUE",)),
        ("TUE-THU", ("TUE", "WED", "THU")),
        ("SAT-MON", ("SAT", "SUN", "MON")),
    ],
)
def test_days_of_a_range(days: str, names: tuple[str, ...]) -> None:
    assert week_days(days) == names


def test_regions_of_an_environment(tmp_path: Path) -> None:
    settings = loaded(
        """prod.region = "eu-west-1"
prod.recovery.copy_region = "eu-central-1"
prod.share_alarms = true
prod.availability_zones = ["eu-west-1b", "eu-west-1c"]
prod.further_regions = { eu-west-3 = 3, eu-west-2 = 2, eu-north-1 = 2 }""",
        tmp_path,
    )
    prod = settings.environments["prod"]
    assert prod.regions == ("eu-west-1", "eu-central-1", "us-east-1")
    waves = [[one.region for one in wave] for wave in prod.waves]
    assert waves == [["eu-west-1"], ["eu-west-2", "eu-north-1"], ["eu-west-3"]]
    elsewhere = prod.waves[1][0]
    assert (prod.zones, elsewhere.zones) == (("eu-west-1b", "eu-west-1c"), ("eu-west-2a", "eu-west-2b"))
    assert elsewhere.regions == ("eu-west-2", "us-east-1"), "no copies"
    assert (prod.share_alarms, elsewhere.share_alarms) == (True, False)
    assert elsewhere.further_regions == {}


def test_addresses_of_a_subnet() -> None:
    assert usable_addresses("10.0.3.0/28") == 11


@pytest.mark.parametrize(
    ("port", "valid"),
    [("", True), (":0", False), (":1", True), (":443", True), (":65535", True), (":65536", False), (":655360", False)],
)
def test_port_of_a_repository(port: str, valid: bool) -> None:
    assert (port_problem(f"https://github.com{port}/example/yawl-delivery") is None) is valid


@pytest.mark.parametrize(("length", "valid"), [(300, True), (301, False)])
def test_length_of_a_repositorys_address(length: int, valid: bool) -> None:
    address = "https://github.com/example/"
    check = TypeAdapter[str](RepositoryUrl).validate_python
    with nullcontext() if valid else pytest.raises(ValidationError):
        check(address + "a" * (length - len(address)))
