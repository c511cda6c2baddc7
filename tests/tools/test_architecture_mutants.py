"""The table of architecture mutants applies to the present sources, and covers what it is for."""

import ast
import tomllib
from collections import Counter
from typing import Any

import pytest

from tests.paths import ROOT

PARTS = {
    *(f"stacks/{name}" for name in (
        "application", "audit", "cache", "database", "distribution", "firewall", "monitoring", "network", "recovery",
        "shared", "storage",
    )),
    *("execution_policies", "pipeline", "stages"),
}  # fmt: skip
MUTANTS: list[dict[str, Any]] = tomllib.loads((ROOT / "tools/mutants/architecture.toml").read_text())["mutant"]


def test_each_mutant_replaces_exactly_one_text() -> None:
    wrong = [
        f"{one['part']}: {one['name']}: {occurrences} in {one['file']}"
        for one in MUTANTS
        if (occurrences := (ROOT / one["file"]).read_text().count(one["before"])) != 1 or one["before"] == one["after"]
    ]
    assert wrong == [], "architecture.toml must follow the sources: correct `before` and `after`, or drop the mutant"


def test_mutants_are_valid_python() -> None:
    """One that is not would be caught by every test, and show nothing."""
    for one in MUTANTS:
        if one["file"].endswith(".py"):
            ast.parse((ROOT / one["file"]).read_text().replace(one["before"], one["after"]), filename=one["name"])


def test_mutants_have_the_fields_of_the_table() -> None:
    for one in MUTANTS:
        assert set(one) - {"tests"} == {"name", "part", "file", "before", "after", "safety"}, one["name"]
        assert isinstance(one["safety"], bool)
        # The parts of a stack are in its folder and its file.
        assert one["file"].startswith(one["part"])
        missing = [file for file in one.get("tests", []) if not (ROOT / file).is_file() or "tests/unit/" not in file]
        assert missing == [], one["name"]


def test_names_are_unique_within_their_part() -> None:
    assert [name for name, times in Counter((one["part"], one["name"]) for one in MUTANTS).items() if times > 1] == []


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_part_has_mutants(part: str) -> None:
    assert [one for one in MUTANTS if one["part"] == part]


def test_table_is_long_enough() -> None:
    assert {one["part"] for one in MUTANTS} == PARTS
    assert len(MUTANTS) >= 80
