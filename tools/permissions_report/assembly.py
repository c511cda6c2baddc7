"""Reads the templates of a cloud assembly and its bootstrap stacks."""

from pathlib import Path

import yaml

from cloud_assembly import UserError
from rehearsal.emulator.permissions.service_calls.resources import Resources
from rehearsal.emulator.permissions.service_calls.synthesized import (
    BOOTSTRAP_STACK,
    assembly_templates,
    bootstrap_templates,
    resources_of,
)

BOOTSTRAP = Path(__file__).parents[2] / "node_modules/aws-cdk/lib/api/bootstrap/bootstrap-template.yaml"
"""The bootstrap template of the pinned CLI."""
PIPELINE = "yawl-delivery"


def read(assembly: Path) -> Resources:
    """Return all resources of the assembly and its bootstrap stacks, as deployed; raises UserError."""
    if not BOOTSTRAP.is_file():
        raise UserError(f"{BOOTSTRAP} does not exist; run `make setup`, which installs the CDK CLI")
    templates = assembly_templates(assembly)
    home = next((item.account for item in templates if item.stack == PIPELINE), "")
    body = yaml.safe_load(BOOTSTRAP.read_text())
    return resources_of([*templates, *bootstrap_templates(body, templates, home)])


def ours(resources: Resources) -> Resources:
    """Return the resources outside the bootstrap stacks."""
    return Resources(item for item in resources if item.stack != BOOTSTRAP_STACK)
