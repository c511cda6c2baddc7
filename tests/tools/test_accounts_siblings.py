"""Which stacks an operation on an environment takes for its own: never those of a sibling with a longer name."""

import json
from pathlib import Path

import pytest

from cloud_assembly import REVIEWS, Assembly, Stack
from settings.model import is_production
from tools.accounts.deployed_stacks import stacks_of
from tools.accounts.destroy import stacks_to_destroy
from tools.accounts.errors import OperationError

NAMES = ("qa", "qa-us", "qa-us-east-1", "qa-eu-west-1", "qa-dr")


def assembly(folder: Path, *environments: str) -> Assembly:
    """Stages of all these names in one account; those that are no environments are further regions of qa."""
    (folder / REVIEWS).write_text(json.dumps([{"environment": name} for name in environments]))
    return Assembly(
        folder,
        tuple(
            Stack(name=f"yawl-{name}-network", account="1", region=region, template={}, stage=name.capitalize())
            for name, region in zip(
                NAMES, ("us-east-1", "us-east-1", "us-east-1", "eu-west-1", "us-west-2"), strict=True
            )
        ),
    )


@pytest.mark.parametrize(
    ("environments", "found"),
    [
        (NAMES, ["yawl-qa-network"]),
        (("qa", "qa-us", "qa-us-east-1", "qa-dr"), ["yawl-qa-network", "yawl-qa-eu-west-1-network"]),
    ],
)
def test_environment_is_its_own_stacks_and_those_of_its_further_regions(
    environments: tuple[str, ...], found: list[str], tmp_path: Path
) -> None:
    whole = assembly(tmp_path, *environments)
    assert [stack.name for stack in stacks_of("qa", whole)] == found
    assert [stack.name for stack in stacks_to_destroy("qa", whole)] == found


@pytest.mark.parametrize("name", ["production-eu-west-1", "production-eu", "production", "prod-us", "prod-eu-west-1"])
def test_production_has_these_names(name: str) -> None:
    assert is_production(name)


@pytest.mark.parametrize(
    "name",
    [
        "prod",
        "production",
        "production-us",
        "prod-us",
        "prod-eu-west-1",
        "product",
        "productions",
        "preprod",
        "dev-prod",
    ],
)
def test_destroy_protects_what_the_settings_call_production(name: str, tmp_path: Path) -> None:
    (tmp_path / REVIEWS).write_text("[]")
    stack = Stack(name="yawl", account="1", region="us-east-1", template={}, stage=name.capitalize())
    is_refused = False
    try:
        stacks_to_destroy(name, Assembly(tmp_path, (stack,)))
    except OperationError:
        is_refused = True
    assert is_refused == is_production(name)


def test_assembly_that_lists_no_reviews_has_no_names(tmp_path: Path) -> None:
    assert Assembly(tmp_path, ()).environments == ()
