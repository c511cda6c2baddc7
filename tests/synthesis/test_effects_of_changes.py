"""What the guide says of a change is what the change review finds, key by key."""

import json
import tomllib
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cloud_assembly import Stack, read
from jobs.change_review.dependents import StackChange, dependents, spread_losses
from jobs.change_review.differences import REMOVED, REPLACED, Comparer
from jobs.change_review.findings import Finding
from jobs.change_review.permissions import broadened
from jobs.change_review.refused_replacements import refused_replacements
from jobs.change_review.refused_updates import refused_updates
from jobs.change_review.stateful import losses
from settings import Settings
from settings.effects import ACCEPTED, EFFECTS, HARMLESS, INTERRUPTS, OF_KEYS, REFUSED, REPLACES, effect_of
from settings.load import report
from settings.sections.base import section_in, tables
from tests.paths import ROOT

INTERRUPTED = {
    "AWS::ECS::TaskDefinition": set(),
    "AWS::RDS::DBInstance": {"AllocatedStorage", "BackupRetentionPeriod", "DBInstanceClass", "MultiAZ"},
    "AWS::ElastiCache::ReplicationGroup": {"CacheNodeType", "EngineVersion"},
}
"""Types whose update interrupts something, and the properties that do; an empty set stands for all."""
CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-00000000000"
ZEROS = "0" * 64
BUILT = f"""
build = true
base = "public.ecr.aws/docker/library/tomcat:10.1@sha256:{ZEROS}"
yawl_version = "6.1"
yawl_url = "https://example.com/yawl.zip"
yawl_sha256 = "{ZEROS}"
driver_url = "https://example.com/driver.jar"
driver_sha256 = "{ZEROS}"
libraries_url = "https://example.com/libraries.zip"
libraries_sha256 = "{ZEROS}"
rds_bundle_sha256 = "{ZEROS}"
"""
PULLED = 'uri = "111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.0"\n'
DOMAIN = (
    'domain = { name = "yawl.example.com", hosted_zone_id = "Z0000000000000000000", hosted_zone_name = "example.com" }'
)
BASE = f"""
repository = {{ name = "example/yawl-delivery", connection_arn = "{CONNECTION}0" }}
[pipeline]
account = "111111111111"
region = "us-east-1"
approval_email = "approvers@example.com"
notification_email = "team@example.com"
[environments.qa]
account = "444444444444"
region = "us-east-1"
alarm_email = "on-call@example.com"
{DOMAIN}
[image]
"""
"""An environment that is neither production nor on Spot capacity."""

HARMFUL = {
    "repository.connection_arn": f'"{CONNECTION}1"',
    "pipeline.chat": '{ workspace_id = "T012ABCDEFG", channel_id = "C012ABCDEFG" }',
    "pipeline.approval_email": '"others@example.com"',
    "pipeline.notification_email": '"others@example.com"',
    "image.uri": '"111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.2.0"',
    "image.base": f'"public.ecr.aws/docker/library/tomcat:10.1@sha256:{"1" * 64}"',
    "image.yawl_version": '"6.2"',
    "image.yawl_url": '"https://example.com/other.zip"',
    "image.yawl_sha256": f'"{"1" * 64}"',
    "image.driver_url": '"https://example.com/other.jar"',
    "image.driver_sha256": f'"{"1" * 64}"',
    "image.libraries_url": '"https://example.com/other.zip"',
    "image.libraries_sha256": f'"{"1" * 64}"',
    "image.rds_bundle_url": '"https://example.com/other.pem"',
    "image.rds_bundle_sha256": f'"{"1" * 64}"',
    "compliance.standards": "[]",
    "audit.trail": "false",
    "audit.guardduty": "false",
    "audit.config": "true",
    "E.further_regions": "{ eu-west-1 = 2 }",
    "E.availability_zones": '["us-east-1b", "us-east-1c"]',
    "E.image": '"111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.2.0"',
    "E.bake_minutes": "0",
    "E.retain_data": "false",
    "E.alarm_email": '"others@example.com"',
    "E.share_alarms": "true",
    "E.network.cidr": '"10.0.0.0/17"',
    "E.network.public_subnets": '["10.0.21.0/24", "10.0.22.0/24"]',
    "E.network.private_subnets": '["10.0.21.0/24", "10.0.22.0/24"]',
    "E.network.isolated_subnets": '["10.0.21.0/24", "10.0.22.0/24"]',
    "E.network.nat_gateways": "1",
    "E.network.interface_endpoints": "false",
    "E.database.instance_class": '"db.t3.medium"',
    "E.database.multi_az": "false",
    "E.database.storage_gib": "50",
    "E.database.backup_retention_days": "20",
    "E.database.operator_access": "true",
    "E.cache.node_type": '"cache.t3.medium"',
    "E.tasks.cpu": "512",
    "E.tasks.memory": "4096",
    "E.tasks.heap": '"900m"',
    "E.tasks.log_level": '"DEBUG"',
    "E.tasks.spot": "true",
    "E.recovery.backups": "false",
    "E.recovery.copy_region": '"us-west-2"',
    "E.recovery.daily_retention_days": "40",
    "E.recovery.monthly_retention_days": "400",
    "E.recovery.vault_lock": '"none"',
    "E.recovery.restore_test": "false",
    "E.recovery.drift_check": "false",
    "E.distribution.open_engine_api": "true",
    "E.firewall.enabled": "false",
    "E.tags.owner": '"us"',
    "E.tags.cost_center": '"us"',
    "E.tags.compliance": '"pci-dss"',
    "E.tags.backup_policy": '"hourly"',
    "E.domain.name": '"other.example.com"',
    "E.domain.hosted_zone_id": '"Z0000000000000000001"',
    "E.domain.edge_certificate_arn": f'"arn:aws:acm:us-east-1:444444444444:certificate/{CONNECTION[-35:]}0"',
}
"""A change of each key that is not harmless, the worst one; `E.` stands for `environments.qa.`."""
LOCKED = ("E.recovery.daily_retention_days", "E.recovery.monthly_retention_days", "E.recovery.vault_lock")
"""Those that are harmful once the vault is locked."""
CHANGED_TOGETHER = """
repository.name = "example/other"
repository.branch = "release"
repository.paths = ["container/**"]
repository.ignored_paths = ["docs/**"]
repository.url = "https://github.com/example/other"
pipeline.log_retention_days = 30
pipeline.artifact_retention_days = 30
pipeline.release_retention_days = 300
pipeline.execution_mode = "queued"
pipeline.execution_actions = ["sns:CreateTopic"]
pipeline.tags = { owner = "us", cost_center = "us", compliance = "pci-dss", backup_policy = "daily" }
audit.trail_retention_days = 300
E.approval = false
E.monthly_budget_usd = 500
E.log_retention_days = 30
E.deployment_window = { days = "MON-FRI", hours = "8-17", time_zone = "Europe/Berlin" }
E.database.max_storage_gib = 2000
E.database.password_rotation_days = 60
E.database.slow_query_milliseconds = 2000
E.cache.nodes = 3
E.cache.multi_az = false
E.cache.eviction_policy = "allkeys-lru"
E.cache.snapshot_retention_days = 3
E.tasks.min = 3
E.tasks.max = 8
E.tasks.cpu_target_percent = 60
E.tasks.memory_target_percent = 70
E.tasks.startup_grace_seconds = 300
E.storage.backup_glacier_days = 60
E.storage.backup_deep_archive_days = 200
E.storage.backup_noncurrent_days = 400
E.storage.artifact_days = 30
E.storage.access_log_days = 30
E.recovery.daily_retention_days = 40
E.recovery.weekly_retention_days = 100
E.recovery.monthly_retention_days = 400
E.recovery.vault_lock = "governance"
E.distribution.static_ttl_seconds = 100
E.distribution.api_ttl_seconds = 100
E.distribution.api_max_ttl_seconds = 2000
E.firewall.requests_per_five_minutes = 3000
E.verification = { deadline_seconds = 700, consecutive_successes = 6, sample_requests = 200 }
E.verification.p99_limit_milliseconds = 3000
E.verification.error_limit_percent = 6
E.tasks.off_hours = { days = "MON-FRI", wake_hour = 7, sleep_hour = 20, time_zone = "Europe/Berlin" }
E.domain.hosted_zone_name = "yawl.example.com"
"""
"""Changes of all keys that are harmless, made at once."""
NOT_COMPARED = {
    "image.build": "its change is that of the whole table",
    "pipeline.execution": "it takes effect with `make bootstrap`",
    "environments.NAME.tasks.deployment": "the settings accept one value",
    "pipeline.account": "the build stops before it compares; tests of moved pipelines cover it",
    "pipeline.region": "the same",
    "environments.NAME.account": "the review looks for stacks left behind; its tests cover moves",
    "environments.NAME.region": "the same",
    "pipeline.accepted_changes.FINGERPRINT.reason": "it changes no template",
    "environments.NAME.accepted_changes.FINGERPRINT.stack": "it changes no template",
    "environments.NAME.accepted_changes.FINGERPRINT.subject": "it changes no template",
    "environments.NAME.accepted_changes.FINGERPRINT.reason": "it changes no template",
}
"""Keys whose effect no comparison of templates shows, each with the reason."""

Stacks = Mapping[str, Stack]


def key_of(path: str) -> str:
    return path.replace("E.", "environments.NAME.", 1) if path.startswith("E.") else path


def keys_of(path: str, value: Any) -> list[str]:
    """The keys that a change sets; those of a table, if it sets a table."""
    known = {*every_key()}
    return [path] if path in known or not isinstance(value, dict) else [f"{path}.{name}" for name in value]


def every_key() -> list[str]:
    return [
        f"{name}.{key}" if name else key
        for name, section, _ in tables(Settings)
        for key, field in section.model_fields.items()
        if section_in(field.annotation) is None
    ]


def changed(base: str, *lines: str) -> Stacks:
    """Synthesize the settings with these lines added."""
    table = tomllib.loads(base)
    for line in lines:
        _merge(table, tomllib.loads(line.replace("E.", "environments.qa.", 1) if line.startswith("E.") else line))
    settings = Settings.model_validate(table, context=Settings)
    assert report(settings, table) == []
    return _synthesized(settings)


def _merge(table: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(table.get(key), dict):
            _merge(table[key], value)
        else:
            table[key] = value


def _synthesized(settings: Settings) -> Stacks:
    from tempfile import TemporaryDirectory

    from aws_cdk import App

    from pipeline_app import add_pipeline

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with TemporaryDirectory() as folder:
        app = App(context=context, outdir=folder, stack_traces=False, tree_metadata=False)
        add_pipeline(app, settings)
        app.synth()
        stacks = {stack.name: stack for stack in read(Path(folder)).stacks}
        # Templates are read when they are first needed.
        assert all(stack.template for stack in stacks.values())
    return stacks


class Comparison:
    """Judges changes of one base."""

    def __init__(self, comparer: Comparer) -> None:
        self._comparer = comparer
        self._bases: dict[str, Stacks] = {}

    def effects(self, base: str, *lines: str) -> dict[str, str]:
        """Return what is affected: by what happens, the kind of effect."""
        before = self._bases.setdefault(base, {}) or changed(base)
        self._bases[base] = before
        after = changed(base, *lines)
        names = list(dict.fromkeys([*before, *after]))
        empty: dict[str, Any] = {"Resources": {}}
        pairs = [
            (before[name].template if name in before else empty, after[name].template if name in after else empty)
            for name in names
        ]
        found: dict[str, str] = {}
        changes: list[StackChange] = []
        findings: list[Finding] = []
        differences = dict(zip(names, self._comparer.compare(pairs), strict=True))
        for name, difference in differences.items():
            findings += [*refused_updates(name, difference), *losses(name, difference)]
            if name in before:
                findings += broadened(name, difference)
            for one in difference.resources:
                if one.kind in (REPLACED, REMOVED) and not one.is_revision:
                    found[f"{one.logical_id} {one.kind}"] = REPLACES
                elif one.kind != "added" and one.type in INTERRUPTED:
                    properties = INTERRUPTED[one.type]
                    if not properties or not properties.isdisjoint(one.because):
                        found[f"{one.logical_id} ({', '.join(one.because)})"] = INTERRUPTS
            replaced = {item.logical_id for item in difference.resources if item.kind == REPLACED}
            if name in after:
                changes.append(
                    StackChange(name=name, template=after[name].template, replaced=replaced, types=difference.types)
                )
        spread = dependents(changes)
        findings += [*spread_losses(spread, changes), *refused_replacements(changes, differences, spread)]
        return found | {finding.title: REFUSED if finding.impossible else ACCEPTED for finding in findings}


@pytest.fixture(scope="module")
def comparison() -> Generator[Comparison, None, None]:
    with Comparer() as comparer:
        yield Comparison(comparer)


def base_of(path: str) -> str:
    # Only one region's distribution can have a name.
    base = BASE.replace(DOMAIN, "") if path == "E.further_regions" else BASE
    if path == "audit.guardduty":
        base = f"audit = {{ guardduty = true }}\n{base}"
    if path in LOCKED:
        base = base.replace(DOMAIN, f'{DOMAIN}\nrecovery = {{ vault_lock = "compliance" }}')
    return base + (BUILT if path.startswith("image.") and path != "image.uri" else PULLED)


@pytest.mark.parametrize("path", HARMFUL)
def test_effect_of_a_change_is_the_documented_one(path: str, comparison: Comparison) -> None:
    effects = comparison.effects(base_of(path), f"{path} = {HARMFUL[path]}")
    worst = max(effects.values(), key=EFFECTS.index, default=HARMLESS)
    [key, *_] = keys_of(key_of(path), tomllib.loads(f"value = {HARMFUL[path]}")["value"])
    assert worst == effect_of(key).kind, effects


def test_harmless_changes_affect_nothing(comparison: Comparison) -> None:
    assert comparison.effects(BASE + PULLED, *CHANGED_TOGETHER.strip().splitlines()) == {}


def test_every_key_has_its_effect_checked() -> None:
    lines = [*CHANGED_TOGETHER.strip().splitlines(), *(f"{path} = {value}" for path, value in HARMFUL.items())]
    checked = [
        key
        for line in lines
        for path, _, value in [line.partition(" = ")]
        for key in keys_of(key_of(path), tomllib.loads(f"value = {value}")["value"])
    ]
    assert sorted({*checked, *NOT_COMPARED}) == sorted(every_key())
    assert OF_KEYS.keys() <= {*every_key()}
