"""`docs/CONFIGURATION.md` matches the settings and describes every key."""

import re

import pytest

from settings.guide import guide
from tests.paths import ROOT

GUIDE = ROOT / "docs" / "CONFIGURATION.md"
ROWS = re.findall(r"^\| `(.*?)` \| (.+?) \| (.+?) \| (.*?) \| (.*?) \|$", guide(), re.MULTILINE)


def test_guide_is_up_to_date() -> None:
    assert GUIDE.read_text(encoding="utf-8") == guide(), "run `make docs` and commit the result"


@pytest.mark.parametrize(
    "row",
    [
        ("account", "string: the 12-digit ID of an AWS account", "**required**"),
        ("further_regions", "table: a commercial AWS region such as us-east-1 = 2 to 9", "none"),
        ("bake_minutes", "integer: 0 to 240 minutes", "`15`"),
        ("multi_az", "`true` or `false`", "`true`"),
        ("public_subnets", "two of: an IPv4 block of /16 to /27", '`["10.0.1.0/24", "10.0.2.0/24"]`'),
        ("startup_grace_seconds", "integer: 0 to 7200 seconds", "none"),
    ],
    ids=lambda row: row[0],
)
def test_key_has_its_type_and_default(row: tuple[str, str, str]) -> None:
    assert row in [found[:3] for found in ROWS]


def test_pipeline_defaults() -> None:
    assert [row[2] for row in ROWS if row[0] == "backup_policy"] == ['`"none"`', '`"daily"`']


def test_every_key_has_a_description() -> None:
    assert [row[0] for row in ROWS if not row[3]] == [], "a docstring below the key"


def test_no_python_terms_in_the_guide() -> None:
    assert re.findall(r"\b(?:None|True|False)\b", guide()) == []
