"""ministack's own modules are reached through one file, which a new release of ministack may break."""

import re

from tests.paths import ROOT

REHEARSAL = ROOT / "rehearsal"
IMPORT = re.compile(r"^\s*(?:from|import)\s+ministack\b|import_module\(\s*f?[\"']ministack\b", re.MULTILINE)


def test_only_internals_imports_ministack() -> None:
    importing = [path for path in REHEARSAL.rglob("*.py") if IMPORT.search(path.read_text())]
    assert [path.relative_to(REHEARSAL).as_posix() for path in importing] == ["emulator/internals.py"]
