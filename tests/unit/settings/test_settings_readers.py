"""Everything that reads `delivery.toml` accepts and refuses the same bytes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_assembly import UserError
from jobs.change_review.accepted_changes import pipeline_acceptances, read_acceptances
from settings import SettingsError, load
from tests.paths import ROOT
from tests.unit.settings_file import delivery_toml
from tools.releases import __main__ as releases

TEXT = delivery_toml(
    'environments.prod.accepted_changes.0123456789ab = { stack = "data", subject = "D", '
    'reason = "Überführt: “it is meant”" }'
)
VALID = TEXT.encode()
BOM = b"\xef\xbb\xbf"

VARIANTS: dict[str, tuple[bytes, bool]] = {
    "as it is": (VALID, True),
    "byte order mark": (BOM + VALID, True),
    "two byte order marks": (BOM + BOM + VALID, False),
    "byte order mark inside": (VALID + BOM, False),
    "CRLF": (VALID.replace(b"\n", b"\r\n"), True),
    "CR": (VALID.replace(b"\n", b"\r"), True),
    "byte order mark and CRLF": (BOM + VALID.replace(b"\n", b"\r\n"), True),
    "no final newline": (VALID.rstrip(b"\n"), True),
    "blank lines and comments": (b"\n\n# \xe2\x9c\x93\n" + VALID + b"\n\n# end", True),
    "UTF-16": (TEXT.encode("utf-16"), False),
    "UTF-32": (TEXT.encode("utf-32"), False),
    "Latin-1": (b"# \xfc\n" + VALID, False),
    "overlong UTF-8": (b"# \xc0\xaf\n" + VALID, False),
    "encoded surrogate": (b"# \xed\xa0\x80\n" + VALID, False),
    "escaped surrogate": (VALID + b'x = "\\ud800"\n', False),
    "NUL": (VALID + b"# \x00\n", False),
    "NUL alone": (b"\x00", False),
    "escape sequence": (b"# \x1b[31m\n" + VALID, False),
    "form feed": (b"\x0c\n" + VALID, False),
    "truncated": (VALID[:-4], False),
    "duplicate key": (VALID + b'pipeline.account = "222222222222"\n', False),
    "duplicate table": (VALID + b"[more]\n[more]\n", False),
    "table twice": (VALID + b"[pipeline]\n", False),
    "deep nesting": (VALID + b"x = " + b"[" * 5000 + b"]" * 5000, False),
    "digits": (VALID + b"x = " + b"9" * 5000, False),
    "merge conflict": (b"<<<<<<< HEAD\n" + VALID, False),
    "JSON": (b'{"pipeline": {}}', False),
    "not a date": (VALID + b"x = 2026-02-30\n", False),
}
"""Bytes by their name, and whether they are a valid file."""


def refused(read: Callable[[Path], object], file: Path) -> str:
    """Return what a reader says of the file; empty if it accepts it."""
    try:
        read(file)
    except (SettingsError, UserError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", VARIANTS)
def test_readers_agree(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, valid = VARIANTS[name]
    file = tmp_path / "delivery.toml"
    file.write_bytes(content)
    output = {
        refused(load, file),
        refused(lambda file: read_acceptances(file, "prod"), file),
        refused(pipeline_acceptances, file),
    }
    assert len(output) == 1
    (message,) = output
    assert re.fullmatch(rf"{re.escape(str(file))}: (is|has) [^\n]+", message) if not valid else not message
    monkeypatch.setattr(releases, "SETTINGS", file)
    assert releases._region() == ("us-east-1" if valid else None)
    if valid:
        assert [one.reason for one in read_acceptances(file, "prod")] == ["Überführt: “it is meant”"]


INVALID_SETTINGS = (
    "",
    "environments = 1",
    "environments = []",
    "environments.prod = 2026-11-30",
    "environments.prod.accepted_changes = [1]",
    "environments.prod.accepted_changes.x = 1",
    "environments.prod.accepted_changes.x.stack = 1",
    "environments.prod.accepted_changes.x = { stack = 1, subject = 2, reason = 3 }",
    "pipeline = [1]",
    "pipeline.accepted_changes = 7",
    "pipeline.region = 1979-05-27T07:32:00Z",
)
"""Files that only the settings examine: synthesis refuses them before a review reads them."""


@pytest.mark.parametrize("text", INVALID_SETTINGS)
def test_no_reader_fails_on_what_the_settings_refuse(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text(text)
    assert refused(load, file)
    assert "\n" not in refused(lambda file: read_acceptances(file, "prod"), file)
    refused(pipeline_acceptances, file)
    monkeypatch.setattr(releases, "SETTINGS", file)
    assert releases._region() is None


OTHER_FILES = {
    "cloud_assembly/settings_file.py",
    "jobs/cost/prices.py",
    "jobs/cost/usage.py",
    "rehearsal/given/values.py",
    "settings/aws/data.py",
    "tools/mutants/mutant.py",
}
"""The one reader of `delivery.toml`, and those of other TOML files."""


def test_there_is_no_other_reader() -> None:
    folders = (
        "settings",
        "pipeline",
        "stages",
        "stacks",
        "jobs",
        "cloud_assembly",
        "execution_policies",
        "rehearsal",
        "tools",
    )
    reading = {
        str(file.relative_to(ROOT))
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        if "node_modules" not in file.parts and re.search(r"^\s*(import|from) tomllib", file.read_text(), re.MULTILINE)
    }
    assert reading == OTHER_FILES
