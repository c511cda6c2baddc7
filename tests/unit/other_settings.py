"""The app with settings that the example configuration does not have."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from settings import AuditSettings, DomainSettings, Settings
from settings.model import QUEUED
from settings.sections.chat import ChatSettings
from settings.sections.deployment_window import DeploymentWindowSettings
from tests.paths import ROOT
from tests.unit.built_image import BUILT
from tests.unit.pipeline_definition import Pipeline

WINDOW = DeploymentWindowSettings(days="MON-THU", hours="9-15", time_zone="Europe/Berlin")
CERTIFICATE = "arn:aws:acm:us-east-1:444444444444:certificate/00000000-0000-0000-0000-000000000000"
ELSEWHERE = "eu-west-1"
"""Where the app is that is in another region than the example."""
FURTHER_REGIONS = {"eu-central-1": 2, "ap-northeast-1": 3, "ap-southeast-2": 3}
"""And where its prod is besides. Only firewalls are in us-east-1, and only copies in us-west-2."""


APPS = ("example", "small_app", "app_elsewhere")
"""For the fixture `app`: with copies in another region, in one region, and in another region with further ones."""


@dataclass(frozen=True)
class Synthesized:
    """What `cdk synth` leaves."""

    folder: Path

    def template(self, stack: str) -> dict[str, Any]:
        """Return the template of a stack that is not an environment's."""
        return json.loads((self.folder / f"{stack}.template.json").read_text())

    @property
    def artifacts(self) -> dict[str, dict[str, Any]]:
        """The entries of the assembly's manifest."""
        return json.loads((self.folder / "manifest.json").read_text())["artifacts"]

    @property
    def pipeline_region(self) -> str:
        """The region that the pipeline is in."""
        return self.artifacts["yawl-delivery"]["environment"].rpartition("/")[2]

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline's own stack."""
        return Pipeline(self.template("yawl-delivery")["Resources"])


def skip_with_example_only(request: pytest.FixtureRequest) -> None:
    """Skip the test where no other settings than the example's are asked for: each of these apps takes seconds."""
    if request.config.getoption("--example-only"):
        pytest.skip("of other settings than the example's; `make check` runs it")


def synthesize(settings: Settings, folder: Path, *, rule_packs: bool = False) -> Synthesized:
    """Synthesize into the folder."""
    from aws_cdk import App

    from pipeline_app import add_pipeline, add_rule_packs

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(context=context, outdir=str(folder), stack_traces=False, tree_metadata=False)
    add_pipeline(app, settings)
    if rule_packs:
        add_rule_packs(app, settings)
    app.synth()
    return Synthesized(folder)


def only(settings: Settings, environment: str, **changes: object) -> Settings:
    """Return the settings with this environment alone, and with these changes to it."""
    changed = settings.environments[environment].model_copy(update=changes)
    return settings.model_copy(update={"environments": {environment: changed}})


def elsewhere(example: Settings) -> Settings:
    """Return what tests of other settings of the pipeline look at, each at its own place: synthesizing takes seconds.

    All of it is in another region, prod in further ones as well; dev is in prod's account. The image is built,
    everybody is told, and accounts keep all they can of what is done in them.
    """
    pipeline = example.pipeline.model_copy(
        update={
            "region": ELSEWHERE,
            "approval_email": "approvers@example.com",
            "notification_email": "team@example.com",
            "chat": ChatSettings(workspace_id="T012ABCDEFG", channel_id="C012ABCDEFG"),
        }
    )
    prod = example.environments["prod"].model_copy(
        update={"region": ELSEWHERE, "deployment_window": WINDOW, "further_regions": FURTHER_REGIONS}
    )
    dev = example.environments["dev"].model_copy(
        update={"account": prod.account, "region": ELSEWHERE, "share_alarms": False}
    )
    return example.model_copy(
        update={
            "pipeline": pipeline,
            "image": BUILT,
            "audit": AuditSettings(guardduty=True, config=True),
            "environments": {"dev": dev, "prod": prod},
        }
    )


def small(example: Settings) -> Settings:
    """Return the settings of dev alone, with a name of its own, a window, and no watch; its image is built.

    Releases queue, and only some pushes start one.

    An organization has the trail of what is done in its account.
    """
    domain = DomainSettings(
        name="yawl.example.org",
        hosted_zone_id="Z0123456789ABCDEFGHIJ",
        hosted_zone_name="example.org",
        edge_certificate_arn=CERTIFICATE,
    )
    dev = only(example, "dev", deployment_window=WINDOW, domain=domain, bake_minutes=0)
    return dev.model_copy(
        update={
            "repository": example.repository.model_copy(update={"paths": ["**"], "ignored_paths": ["docs/**", "*.md"]}),
            "pipeline": example.pipeline.model_copy(update={"execution_mode": QUEUED}),
            "image": BUILT,
            "audit": AuditSettings(trail=False),
        }
    )
