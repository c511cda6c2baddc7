"""What the settings know of AWS is what the pinned libraries say."""

import re
from pathlib import Path

import pytest

from settings import load
from settings.availability import needs
from settings.aws.availability import absent, nearest, unclear
from settings.aws.data import (
    ABSENT,
    CACHE_NODE_TYPES,
    DATABASE_CLASSES,
    DATED,
    FILE,
    REGIONS,
    UNCHECKED_REGIONS,
    UNCLEAR,
    ZONES,
)
from settings.aws.generate import generate
from settings.aws.places import PLACES
from settings.aws.services import CODECONNECTIONS, CODEPIPELINE, PIPELINE, SERVICES
from settings.guide import guide
from settings.types.regions import REGIONS_WITHOUT_COMMON_ZONES
from settings.validation.toml_format import dotted
from tests.unit.settings_file import delivery_toml, load_changed


def test_committed_file_is_what_the_libraries_say() -> None:
    assert FILE.read_text() == generate(), "run `make aws-data`, `make docs` and commit the result"


def test_every_region_has_a_place() -> None:
    assert set(PLACES) == set(REGIONS)


def test_file_names_known_services_and_regions() -> None:
    names = {service.name for service in SERVICES}
    assert {*ABSENT, *UNCLEAR} <= names
    assert {*UNCHECKED_REGIONS, *(region for there in {**ABSENT, **UNCLEAR}.values() for region in there)} <= set(
        REGIONS
    )
    assert len(names) == len(SERVICES)


def test_connections_are_missing_where_aws_documents_it() -> None:
    # CodePipeline User Guide, "CodeStarSourceConnection": the regions without it, as of May 2025.
    documented = (
        "ap-east-1 af-south-1 me-south-1 eu-central-2 ap-southeast-3 ap-south-2 ap-northeast-3 ap-southeast-4 "
        "il-central-1 eu-south-2 me-central-1"
    )
    assert set(documented.split()) <= set(ABSENT[CODECONNECTIONS.name])


def test_classes_differ_by_region() -> None:
    assert "ap-southeast-6" not in CACHE_NODE_TYPES["cache.t3.small"]
    assert set(DATABASE_CLASSES["db.t3.small"]) == set(REGIONS)
    assert not [one for one in CACHE_NODE_TYPES if ".r6gd." in one], "they require data tiering"


def test_default_zones_exist_in_every_region_with_common_zones() -> None:
    assert list(ZONES) == list(REGIONS)
    without = {region for region, letters in ZONES.items() if not letters.startswith("ab")}
    assert without <= set(REGIONS_WITHOUT_COMMON_ZONES)


def test_sources_that_contradict_each_other_warn() -> None:
    assert absent(PIPELINE, "ap-southeast-7") == [CODECONNECTIONS.name]
    assert unclear(PIPELINE, "ap-southeast-7") == [CODEPIPELINE.name]
    (warning,) = load_changed('environments.dev.region = "ca-west-1"').warnings()
    assert warning.startswith("environments.dev.region: whether ca-west-1 has CodePipeline is not known: the sources")
    assert str(DATED) in warning


def test_region_without_schemas_warns() -> None:
    (warning, *_) = load_changed('environments.dev.region = "me-south-1"').warnings()
    assert warning.startswith(
        "environments.dev.region: whether me-south-1 has IAM, CloudFront and Route 53 is not known"
    )


@pytest.mark.parametrize(
    ("region", "there", "found"),
    [
        ("eu-central-2", ["us-east-1", "eu-central-1", "ap-south-1"], "eu-central-1"),
        ("ap-southeast-6", ["ap-southeast-2", "us-west-2"], "ap-southeast-2"),
        # Over the date line.
        ("ap-northeast-1", ["us-west-2", "eu-west-1"], "us-west-2"),
    ],
)
def test_nearest_region(region: str, there: list[str], found: str) -> None:
    assert nearest(region, there).endswith(f" {found}")


def test_no_region_has_it() -> None:
    assert nearest("us-east-1", []) == "no region is known to have it"


def test_guide_shows_the_date() -> None:
    assert re.search(rf"AWS data of {DATED}\s", guide())


def test_settings_need_services_in_every_region_that_they_name(tmp_path: Path) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text(
        delivery_toml(
            """environments.prod.region = "eu-west-1"
environments.prod.recovery.copy_region = "eu-central-1"
environments.prod.recovery.restore_test = true
environments.prod.monthly_budget_usd = 100
environments.prod.alarm_email = "on-call@example.com"
environments.prod.firewall.enabled = true
environments.prod.further_regions = { eu-west-2 = 2 }"""
        )
    )
    found = {(dotted(need.path), need.region) for need in needs(load(file))}
    assert {one for one in found if not one[0].startswith("environments.dev.")} == {
        ("pipeline.region", "us-east-1"),
        ("audit.trail", "us-east-1"),
        ("audit.trail", "eu-west-1"),
        ("audit.trail", "eu-west-2"),
        ("environments.prod.region", "eu-west-1"),
        ("environments.prod.further_regions.eu-west-2", "eu-west-2"),
        ("environments.prod.recovery.copy_region", "eu-central-1"),
        ("environments.prod.recovery.backups", "eu-west-1"),
        ("environments.prod.recovery.backups", "eu-west-2"),
        ("environments.prod.recovery.restore_test", "eu-west-1"),
        ("environments.prod.recovery.restore_test", "eu-west-2"),
        ("environments.prod.monthly_budget_usd", "eu-west-1"),
        ("environments.prod.monthly_budget_usd", "eu-west-2"),
        ("environments.prod.firewall.enabled", "us-east-1"),
    }
