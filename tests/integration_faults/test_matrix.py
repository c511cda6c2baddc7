"""The table of faults is complete and names tests that exist."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.integration_faults.matrix import TABLE, names_in, row_of
from tests.paths import ROOT

CHECKS = ROOT / "integration_tests"
HERE = Path(__file__).parent


def test_table_lists_every_fault(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    tested = Counter(row.name for row in map(row_of, items) if row)
    assert [name for name, times in tested.items() if times > 1] == [], "two rows of one name"
    if request.config.getoption("--faults-table", None):
        return  # this run writes the table
    written = Counter(names_in(TABLE.read_text(encoding="utf-8")))
    assert tested - written == Counter(), "run `make faults` to update the table"
    if {item.path for item in items} >= set(HERE.glob("test_*.py")) and not request.config.option.keyword:
        assert written == tested, "run `make faults` to update the table"


def test_faults_are_caught_by_deployment_tests(request: pytest.FixtureRequest) -> None:
    tests = {
        node.name
        for file in CHECKS.glob("test_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert {row.by for row in map(row_of, request.session.items) if row} <= tests
