"""The tree stays easy to survey: small folders, short functions, and a Makefile that names folders which exist."""

import ast
import re
import subprocess
from collections import Counter
from pathlib import PurePath

from tests.paths import ROOT

FILES = 16
"""Files of one kind in a folder; `__init__.py` and `__main__.py` do not count."""

LARGER_FOLDERS = {
    "integration_tests .py": "stands alone, and reads as one list: what each check asks, and of whom",
    "container/supervisor .py": "one package of the image without dependencies; its README names each file",
    "docs/decisions .md": "one file per decision; ARCHITECTURE.md links each",
    "settings/sections .py": "one file per table of delivery.toml",
    "rehearsal/emulator/services .py": "one file per emulated service",
    "tests/rehearsal/emulator/aws tests": "one file per part of the emulated AWS",
    "tests/rehearsal/emulator/programs tests": "one file per program that is run against an account",
}
"""Folders with more files of one kind, each with the reason."""

LINES = 60

LONGER_FUNCTIONS = {
    "container/supervisor/variables.py read_variables",
    "pipeline/pipeline_stack.py __init__",
    "stacks/application/engine_task.py __init__",
    "stacks/application/integration_test_role.py __init__",
    "stacks/application/load_balancer.py __init__",
    "stacks/application_stack.py __init__",
    "stacks/monitoring/drift_check.py __init__",
    "stacks/monitoring_stack.py __init__",
    "stacks/shared/scheduled_check.py __init__",
    "stacks/storage/check_object.py __init__",
    "stacks/storage_stack.py __init__",
    "stages/yawl_stage.py __init__",
    "tests/rehearsal/emulator/aws/test_edge.py distribution",
}
"""Functions that may have more than 60 lines: flat tables, and stacks that read as their table of contents."""


def committed(suffix: str = "") -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [file for file in listed.splitlines() if file.endswith(suffix) and (ROOT / file).exists()]


def test_files_per_folder() -> None:
    counts: Counter[str] = Counter()
    for file in map(PurePath, committed()):
        if file.stem not in ("__init__", "__main__"):
            kind = "tests" if file.name.startswith("test_") else file.suffix
            counts[f"{file.parent} {kind}"] += 1
    large = {folder: count for folder, count in counts.items() if count > FILES}
    assert {folder: count for folder, count in large.items() if folder not in LARGER_FOLDERS} == {}
    assert LARGER_FOLDERS.keys() - large.keys() == set(), "small enough by now: remove it from LARGER_FOLDERS"


def test_function_length() -> None:
    long = {
        f"{file} {node.name}": lines
        for file in committed(".py")
        for node in ast.walk(ast.parse((ROOT / file).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LINES
    }
    assert {name: lines for name, lines in long.items() if name not in LONGER_FUNCTIONS} == {}
    assert LONGER_FUNCTIONS - long.keys() == set(), "fits by now: remove it from LONGER_FUNCTIONS"


def test_makefile_names_existing_tests() -> None:
    paths = set(re.findall(r"\btests/[\w/.]*\w", (ROOT / "Makefile").read_text()))
    assert "tests/integration_faults" in paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
