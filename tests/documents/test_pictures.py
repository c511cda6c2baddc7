"""Pictures need nothing else and can be read wherever they are shown; `test_readme.py` says they are up to date."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from diagrams import palette
from tests.documents.conftest import Written
from tests.documents.document import ROOT
from tests.page.contrast import contrast

FOLDER = ROOT / "docs/pictures"
NAMES = ["architecture.svg", "pipeline.svg"]


@pytest.fixture(scope="module")
def drawn(written: Written) -> dict[str, str]:
    """The pictures as they are drawn now."""
    return {name: (written.clone / "docs/pictures" / name).read_text(encoding="utf-8") for name in NAMES}


def test_there_are_no_others() -> None:
    assert sorted(file.name for file in FOLDER.glob("architecture*")) == ["architecture.svg"]


@pytest.mark.parametrize("name", NAMES)
def test_it_needs_nothing_else_and_has_a_name(drawn: dict[str, str], name: str) -> None:
    root = ElementTree.fromstring(drawn[name])  # noqa: S314 - our own picture
    namespace = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    for part in ("title", "desc"):
        assert (root.findtext(f"{namespace}{part}") or "").strip()
    assert not re.search(r"<(script|image|a)\b|href=|url\(|@import", drawn[name])


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_read_on_light_and_on_dark(drawn: dict[str, str], name: str) -> None:
    """Every colour of a text stands out from every ground a text may have."""
    inks = set(re.findall(r'<text [^>]*fill="(#\w{6})"', drawn[name]))
    grounds = [palette.PAPER, palette.FRAME, palette.INNER_FRAME, palette.BOX]
    dark = dict(re.findall(r'\[fill="(#\w{6})"\] \{ fill: (#\w{6}) \}', drawn[name]))
    assert inks
    assert {*inks, *grounds} <= set(dark)
    for ink in inks:
        for ground in grounds:
            assert contrast(channels(ink), channels(ground)) >= 4.5, (ink, ground)
            assert contrast(channels(dark[ink]), channels(dark[ground])) >= 4.5, (dark[ink], dark[ground])


def channels(color: str) -> list[float]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def test_the_readme_shows_them() -> None:
    readme = Path(ROOT / "README.md").read_text()
    assert [name for name in NAMES if f"docs/pictures/{name}" not in readme] == []
