"""What is examined: the templates of a cloud assembly, with the bootstrap stacks they rely on."""

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
    """Return all resources of the assembly and its bootstrap stacks as if they were deployed."""
    if not BOOTSTRAP.is_file():
        raise UserError(f"{BOOTSTRAP} is not there; `make setup` installs the CDK CLI that brings it")
    templates = assembly_templates(assembly)
    home = next((item.account for item in templates if item.stack == PIPELINE), "")
    body = yaml.safe_load(BOOTSTRAP.read_text())
    return resources_of([*templates, *bootstrap_templates(body, templates, home)])


def ours(resources: Resources) -> Resources:
    """Return the resources that are not the bootstrap's."""
    return Resources(item for item in resources if item.stack != BOOTSTRAP_STACK)
