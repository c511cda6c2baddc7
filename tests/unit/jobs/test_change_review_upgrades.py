"""Compares the guard with CloudFormation's schemas on random upgrades: which it stops and which not."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Template

from jobs.change_review.differences import Comparer
from jobs.change_review.permissions import broadened
from jobs.change_review.stateful import losses
from tests.upgrades import STATEFUL, Upgrade, draw, every_upgrade

Templates: TypeAlias = Callable[[str, str], Template]
SEED = 5
DRAWN = 20
"""Examples of each kind. The library compares two templates in about 20 ms."""


@pytest.fixture(scope="module")
def parts(template: Templates) -> dict[str, dict[str, Any]]:
    # dev has no recovery stacks.
    return {part: dict(template("dev", part).to_json()) for part in STATEFUL if not part.startswith("recovery")}


def test_only_data_loss_is_stopped(parts: dict[str, dict[str, Any]]) -> None:
    upgrades = draw(parts, seed=SEED, losing=DRAWN, keeping=DRAWN)
    assert [upgrade.part for upgrade in upgrades if upgrade.loses], "a draw that loses nothing proves nothing"
    for upgrade, (stopped, opened) in zip(upgrades, judged(parts, upgrades), strict=True):
        assert stopped == upgrade.loses, upgrade.title
        assert upgrade.loses or not opened, upgrade.title


def test_strategy_generates_upgrades_of_every_part(parts: dict[str, dict[str, Any]]) -> None:
    for part, template in parts.items():
        assert any(upgrade.loses for upgrade in every_upgrade(part, template)), part


def judged(parts: dict[str, dict[str, Any]], upgrades: list[Upgrade]) -> list[tuple[tuple[str, ...], bool]]:
    """The losses that the guard reports for each upgrade, and whether it stops it for its permissions."""
    with Comparer() as comparer:
        differences = comparer.compare([(parts[upgrade.part], upgrade.template) for upgrade in upgrades])
    return [
        (
            tuple(sorted(finding.subject for finding in losses(f"yawl-dev-{upgrade.part}", difference))),
            any(broadened(f"yawl-dev-{upgrade.part}", difference)),
        )
        for upgrade, difference in zip(upgrades, differences, strict=True)
    ]
