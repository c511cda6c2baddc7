"""The figures in the settings match the reference."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from settings import EnvironmentSettings, Settings, load
from tests.complete_list import assert_complete
from tests.unit.settings_file import delivery_toml

DEFAULTS = [
    # attribute of an environment, figure, its place in the reference
    ("network.cidr", "10.0.0.0/16", "1. Network Infrastructure"),
    ("network.public_subnets", ("10.0.1.0/24", "10.0.2.0/24"), "1. Network Infrastructure"),
    ("network.private_subnets", ("10.0.3.0/24", "10.0.4.0/24"), "1. Network Infrastructure"),
    ("network.isolated_subnets", ("10.0.10.0/24", "10.0.11.0/24"), "1. Network Infrastructure"),
    ("zones", ("us-east-1a", "us-east-1b"), "1. Network Infrastructure: 2 AZs"),
    ("database.instance_class", "db.t3.small", "Cost Optimization, 2. Database Costs"),
    ("database.multi_az", True, "2. Database Layer: enabled for production"),
    ("database.max_storage_gib", 1000, "Operational Best Practices, 4. Scaling: 1 TB"),
    ("database.backup_retention_days", 30, "2. Database Layer"),
    ("database.password_rotation_days", 30, "2. Database Layer: rotate every 30 days"),
    ("database.slow_query_milliseconds", 1000, "2. Database Layer: log_min_duration_statement"),
    ("cache.node_type", "cache.t3.small", "3. Cache Layer: production"),
    ("cache.multi_az", True, "3. Cache Layer: enabled for production"),
    ("cache.eviction_policy", "volatile-lru", "3. Cache Layer: for sessions"),
    ("tasks.cpu", 1024, "4. Application Layer"),
    ("tasks.memory", 2048, "4. Application Layer"),
    ("tasks.min", 2, "4. Application Layer: 2-6"),
    ("tasks.max", 6, "4. Application Layer: 2-6"),
    ("tasks.heap", "1024m", "4. Application Layer: YAWL_HEAP_SIZE"),
    ("tasks.log_level", "INFO", "4. Application Layer: LOG_LEVEL"),
    ("tasks.cpu_target_percent", 70, "4. Application Layer"),
    ("tasks.memory_target_percent", 80, "4. Application Layer"),
    ("distribution.static_ttl_seconds", 24 * 3600, "6. Content Delivery: 1 day"),
    ("distribution.api_ttl_seconds", 5 * 60, "6. Content Delivery: 5 minutes"),
    ("distribution.api_max_ttl_seconds", 30 * 60, "6. Content Delivery: 30 minutes"),
    ("storage.backup_glacier_days", 30, "7. Storage"),
    ("storage.backup_deep_archive_days", 90, "7. Storage"),
    ("storage.backup_noncurrent_days", 365, "7. Storage"),
    ("storage.artifact_days", 90, "7. Storage"),
    ("tags.owner", "platform-team", "Compliance, 1. Resource Tagging"),
    ("tags.cost_center", "engineering", "Compliance, 1. Resource Tagging"),
    ("tags.backup_policy", "daily", "Compliance, 1. Resource Tagging"),
    # not from the reference: safe defaults of an environment that has only an account and a region
    ("approval", True, "an environment is approved unless it says otherwise"),
    ("retain_data", True, "data outlives the stacks unless the environment says otherwise"),
    ("distribution.open_engine_api", False, "the engine has a well-known login"),
    ("network.nat_gateways", 2, "one in each zone"),
    ("cache.nodes", 2, "one to take over"),
]
"""Defaults with a reason of their own."""

OTHER_DEFAULTS: dict[str, object] = {
    "further_regions": {},
    "availability_zones": None,
    "image": None,
    "deployment_window": None,
    "bake_minutes": 15,
    "alarm_email": None,
    "monthly_budget_usd": None,
    "share_alarms": False,
    "log_retention_days": 90,
    "network.interface_endpoints": True,
    "database.storage_gib": 100,
    "database.operator_access": False,
    "cache.snapshot_retention_days": 7,
    "tasks.startup_grace_seconds": None,
    "tasks.spot": False,
    "tasks.off_hours": None,
    "tasks.deployment": "rolling",
    "storage.access_log_days": 90,
    "recovery.backups": True,
    "recovery.daily_retention_days": 35,
    "recovery.weekly_retention_days": 90,
    "recovery.monthly_retention_days": 365,
    "recovery.vault_lock": "none",
    "recovery.copy_region": None,
    "recovery.restore_test": True,
    "recovery.drift_check": True,
    "firewall.enabled": True,
    "firewall.requests_per_five_minutes": 2000,
    "verification.deadline_seconds": 600,
    "verification.consecutive_successes": 5,
    "verification.sample_requests": 100,
    "verification.p99_limit_milliseconds": 2000,
    "verification.error_limit_percent": 5,
    "accepted_changes": {},
    "tags.compliance": None,
    "domain": None,
}
"""The rest; their docstrings give the source."""
DERIVED = {"zones"}
"""Properties in DEFAULTS that are no setting."""


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Load a file with the required keys only."""
    file = tmp_path_factory.mktemp("smallest") / "delivery.toml"
    file.write_text(delivery_toml(""))
    return load(file)


@pytest.mark.parametrize(("attribute", "figure", "source"), DEFAULTS, ids=[row[0] for row in DEFAULTS])
def test_account_and_a_region_make_a_production_environment(
    smallest: Settings, attribute: str, figure: object, source: str
) -> None:
    value: object = smallest.environments["prod"]
    for name in attribute.split("."):
        value = getattr(value, name)
    assert value == figure, source


def defaults_of(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the path and the default of every optional setting."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from defaults_of(kind, f"{prefix}{name}.")
        elif not field.is_required():
            yield f"{prefix}{name}", field.default


def test_every_setting_has_its_default_in_a_list() -> None:
    found = dict(defaults_of(EnvironmentSettings))
    listed = {path for path, *_ in DEFAULTS} - DERIVED | OTHER_DEFAULTS.keys()
    assert_complete(
        found,
        listed,
        where="DEFAULTS or OTHER_DEFAULTS in tests/unit/settings/test_settings_figures.py, with its default",
    )
    assert {path: found[path] for path in OTHER_DEFAULTS} == OTHER_DEFAULTS


def test_defaults_would_be_accepted_if_they_were_written_down(smallest: Settings) -> None:
    assert Settings.model_validate(smallest.model_dump()) == smallest
