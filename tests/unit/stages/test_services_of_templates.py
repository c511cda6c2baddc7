"""The settings know of each AWS service and version that a template uses: a region or an engine may lack it."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from settings import Settings
from settings.availability import needs
from settings.aws.data import VERSIONS
from settings.aws.services import SERVICES
from tests.unit.other_settings import APPS, Synthesized, elsewhere, small


def resources(app: Synthesized) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each resource with its region."""
    for manifest in app.folder.rglob("manifest.json"):
        for artifact in json.loads(manifest.read_text())["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack":
                template = json.loads((manifest.parent / artifact["properties"]["templateFile"]).read_text())
                region = artifact["environment"].rpartition("/")[2]
                yield from ((region, resource) for resource in template["Resources"].values())


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_each_region_is_asked_for_what_its_templates_use(
    request: pytest.FixtureRequest, app: Synthesized, settings: Settings
) -> None:
    changed = {"example": settings, "app_elsewhere": elsewhere(settings), "small_app": small(settings)}
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for need in needs(changed[request.node.callspec.params["app"]]):
        asked[need.region] |= {kind for service in need.services for kind in service.types}
    used: defaultdict[str, set[str]] = defaultdict(set)
    for region, resource in resources(app):
        if not resource["Type"].startswith("Custom::"):
            used[region].add(resource["Type"])
    assert {region: sorted(types - asked[region]) for region, types in used.items() if types - asked[region]} == {}, (
        "add the types to a service in settings/aws/services.py, or the service to settings/availability.py"
    )


def test_services_share_no_resource_type() -> None:
    types = [kind for service in SERVICES for kind in service.types]
    assert len(types) == len(set(types))


@pytest.mark.parametrize("app", ["example"], indirect=True)
def test_engine_versions_can_be_created(app: Synthesized) -> None:
    found = {
        (resource["Properties"]["Engine"], resource["Properties"]["EngineVersion"])
        for _, resource in resources(app)
        if "EngineVersion" in resource.get("Properties", {})
    }
    assert {engine for engine, _ in found} == {"postgres", "redis"}
    assert [f"{engine} {version}" for engine, version in found if version not in VERSIONS[engine]] == []
