"""One environment alone, with settings that the example configuration does not have."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

from settings import AuditSettings, AuditShare, DomainSettings, EnvironmentSettings, ImageSettings, load
from tests.example import EXAMPLE

if TYPE_CHECKING:
    from aws_cdk.assertions import Template

ROOT = Path(__file__).parents[2]
OneEnvironment: TypeAlias = "Callable[[str], Template]"


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


def templates_of(settings: EnvironmentSettings) -> OneEnvironment:
    """Synthesize an environment named prod and return what looks up its templates by part."""
    return _templates_of(settings.model_dump_json())


@cache
def _templates_of(settings_json: str) -> OneEnvironment:
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from stages.yawl_stage import YawlStage

    settings = EnvironmentSettings.model_validate_json(settings_json)
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with TemporaryDirectory() as folder:
        app = App(context=context, outdir=folder, analytics_reporting=False)
        audit = AuditShare(settings=AuditSettings(), first_in_account=True, first_in_region=True)
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
            compliance="none",
        )
        read = {
            stack.stack_name.removeprefix("yawl-prod-"): Template.from_json(
                json.loads(Path(stack.template_full_path).read_text())
            )
            for stack in app.synth().stacks_recursively
        }
    return read.__getitem__
