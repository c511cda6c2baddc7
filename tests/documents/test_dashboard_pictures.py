"""The pictures of the dashboards are whole, and legible wherever they are shown."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from diagrams import palette
from diagrams.dashboards import pictures
from diagrams.dashboards.body import Body, environment_dashboard, pipeline_dashboard
from tests.documents.conftest import Written
from tests.documents.document import ROOT
from tests.documents.test_pictures import channels
from tests.page.contrast import contrast

FOLDER = ROOT / "docs/pictures"
NAMES = ["pipeline-dashboard.svg", "pipeline-dashboard-first.svg", "environment-dashboard.svg"]
GROUNDS = [palette.BOX, palette.FRAME]


@pytest.fixture(scope="module")
def drawn(written: Written) -> dict[str, str]:
    """The pictures as they are drawn now."""
    return {name: (written.clone / "docs/pictures" / name).read_text(encoding="utf-8") for name in NAMES}


def test_it_is_the_same_every_time(drawn: dict[str, str], written: Written) -> None:
    assert pictures.draw(written.assembly) == drawn


@pytest.mark.parametrize("name", NAMES)
def test_it_needs_nothing_else_and_says_that_its_data_are_samples(drawn: dict[str, str], name: str) -> None:
    root = ElementTree.fromstring(drawn[name])  # noqa: S314 - our own picture
    namespace = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    for part in ("title", "desc"):
        assert (root.findtext(f"{namespace}{part}") or "").strip()
    assert not re.search(r"<(script|image|a)\b|href=|url\((?!#)|@import", drawn[name])
    assert "every value is sample data" in drawn[name]


@pytest.mark.parametrize(("name", "read"), [(NAMES[0], pipeline_dashboard), (NAMES[2], environment_dashboard)])
def test_every_widget_is_on_it(drawn: dict[str, str], written: Written, name: str, read: object) -> None:
    assert callable(read)
    body = read(written.assembly)
    assert isinstance(body, Body)
    texts = {element.text for element in ElementTree.fromstring(drawn[name]).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314
    titles = {widget.properties["title"] for widget in body.widgets if "title" in widget.properties}
    assert len(titles) > 10
    assert titles <= texts


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_read_on_light_and_on_dark(drawn: dict[str, str], name: str) -> None:
    inks = set(re.findall(r'<text [^>]*fill="(#\w{6})"', drawn[name]))
    dark = dict(re.findall(r'\[fill="(#\w{6})"\] \{ fill: (#\w{6}) \}', drawn[name]))
    assert inks
    assert inks <= set(dark)
    for ink in inks:
        for ground in GROUNDS:
            assert contrast(channels(ink), channels(ground)) >= 4.5, (ink, ground)
            assert contrast(channels(dark[ink]), channels(dark[ground])) >= 4.5, (dark[ink], dark[ground])


def test_the_readme_shows_them() -> None:
    readme = Path(ROOT / "README.md").read_text()
    assert [name for name in NAMES if f"docs/pictures/{name}" not in readme] == []
