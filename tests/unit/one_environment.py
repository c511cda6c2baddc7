"""One environment alone, with settings that the example configuration does not have.

Synthesizing one takes a second: what differs from the example in different places is put together here, and each test
looks at its own place.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

from settings import (
    AuditSettings,
    AuditShare,
    DistributionSettings,
    DomainSettings,
    EnvironmentSettings,
    FirewallSettings,
    ImageSettings,
    OffHoursSettings,
    RecoverySettings,
    TagSettings,
    load,
)
from settings.sections.deployment_window import DeploymentWindowSettings
from tests.example import EXAMPLE
from tests.paths import ROOT
from tests.unit.other_settings import CERTIFICATE

if TYPE_CHECKING:
    from aws_cdk.assertions import Template

    from stacks.environment_stack import EnvironmentContext

OneEnvironment: TypeAlias = "Callable[[str], Template]"

OFF_HOURS = OffHoursSettings(days="MON-FRI", wake_hour=7, sleep_hour=20, time_zone="Europe/Berlin")


def a_context(account: str = "111111111111", region: str = "us-east-1") -> "EnvironmentContext":
    """Return what a stack synthesized alone knows of its environment."""
    from aws_cdk import Environment

    from stacks.environment_stack import EnvironmentContext

    return EnvironmentContext(
        name="test",
        env=Environment(account=account, region=region),
        zones=(f"{region}a", f"{region}b"),
        log_retention_days=30,
        retain_data=False,
        pipeline_account="111111111111",
        runbooks="docs/runbooks/test.md",
    )


def prod_settings() -> EnvironmentSettings:
    """Return what the example configuration says of prod."""
    return load(EXAMPLE).environments["prod"]


def own_domain(edge_certificate_arn: str | None = None) -> DomainSettings:
    """Return a name of one's own."""
    return DomainSettings(
        name="yawl.example.org",
        hosted_zone_id="Z0123456789ABCDEFGHIJ",
        hosted_zone_name="example.org",
        edge_certificate_arn=edge_certificate_arn,
    )


def prod_with_more() -> OneEnvironment:
    """Synthesize prod with everything at once that it may have besides, and other values where that may be said."""
    more = prod_settings().model_copy(
        update={
            "domain": own_domain(),
            "firewall": FirewallSettings(requests_per_five_minutes=300),
            "recovery": RecoverySettings(vault_lock="governance", copy_region="us-west-2"),
            "distribution": DistributionSettings(static_ttl_seconds=60, api_ttl_seconds=10, api_max_ttl_seconds=20),
            "tasks": prod_settings().tasks.model_copy(update={"off_hours": OFF_HOURS, "spot": True}),
            "deployment_window": DeploymentWindowSettings(days="MON-FRI", hours="8-17", time_zone="Europe/Berlin"),
            "tags": TagSettings(owner="us", cost_center="42", compliance="pci-dss", backup_policy="hourly"),
            "alarm_email": "on-call@example.com",
            "monthly_budget_usd": 250,
        }
    )
    return _templates_of(more)


def prod_with_less() -> OneEnvironment:
    """Synthesize prod without whatever it may do without, and with a certificate that exists."""
    less = prod_settings().model_copy(
        update={
            "domain": own_domain(CERTIFICATE),
            "firewall": FirewallSettings(enabled=False),
            "recovery": RecoverySettings(backups=False, drift_check=False),
            "distribution": DistributionSettings(open_engine_api=True),
            "share_alarms": False,
        }
    )
    return _templates_of(less)


def prod_abroad() -> OneEnvironment:
    """Synthesize prod in another region than the edge's, with backups that nobody can delete."""
    abroad = prod_settings().model_copy(
        update={
            "region": "eu-central-1",
            "domain": own_domain(CERTIFICATE),
            "recovery": RecoverySettings(vault_lock="compliance", copy_region="us-west-2"),
        }
    )
    return _templates_of(abroad)


def prod_with_database_access() -> OneEnvironment:
    """Synthesize prod with the database access of operators."""
    database = prod_settings().database.model_copy(update={"operator_access": True})
    return _templates_of(prod_settings().model_copy(update={"database": database}))


def _templates_of(settings: EnvironmentSettings) -> OneEnvironment:
    """Synthesize an environment named prod and return what looks up its templates by part."""
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from stages.yawl_stage import YawlStage

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with TemporaryDirectory() as folder:
        app = App(context=context, outdir=folder, analytics_reporting=False, stack_traces=False, tree_metadata=False)
        everything = AuditSettings(guardduty=True, config=True)
        audit = AuditShare(settings=everything, first_in_account=True, first_in_region=True)
        image = ImageSettings(uri="111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.0")
        YawlStage(
            app,
            "Prod",
            name="prod",
            settings=settings,
            image=image,
            audit=audit,
            pipeline_account="111111111111",
            pipeline_dashboard="https://example.org/dashboard",
            runbooks="docs/runbooks/prod.md",
            compliance="none",
        )
        written = {
            stack.stack_name.removeprefix("yawl-prod-"): Path(stack.template_full_path).read_text()
            for stack in app.synth().stacks_recursively
        }

    @cache
    def look_up(part: str) -> Template:
        # Most are never looked at, and each goes to Node once more to become a Template.
        return Template.from_json(json.loads(written[part]))

    return look_up
