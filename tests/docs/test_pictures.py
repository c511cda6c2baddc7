"""The committed pictures are complete, small, self-contained and legible. `test_readme.py` keeps them current."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.browser.contrast import contrast
from tests.docs.conftest import Regenerated
from tests.paths import ROOT
from tools.diagrams import palette, pictures
from tools.diagrams.dashboards.body import Body, environment_dashboard, pipeline_dashboard

FOLDER = ROOT / "docs/pictures"
GRAPHS = ["architecture.svg", "pipeline.svg"]
PIPELINE_DASHBOARD = ["pipeline-dashboard.svg", "pipeline-dashboard-details.svg"]
ENVIRONMENT_DASHBOARD = ["environment-dashboard.svg"]
NAMES = [*GRAPHS, *PIPELINE_DASHBOARD, *ENVIRONMENT_DASHBOARD]
GROUNDS = [palette.PAPER, palette.FRAME, palette.INNER_FRAME, palette.BOX]
SVG = "{http://www.w3.org/2000/svg}"
README_WIDTH, LEAST_FONT = 830, 10
"""Pixels."""
MOST_LINES = 500
"""Of one picture."""
MOST_BYTES = 250_000
"""Of all pictures."""


@pytest.fixture(scope="module")
def drawn(regenerated: Regenerated) -> dict[str, str]:
    """The pictures, drawn now."""
    return {name: (regenerated.clone / "docs/pictures" / name).read_text(encoding="utf-8") for name in NAMES}


def test_no_other_pictures_exist() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(NAMES)


def test_drawing_is_deterministic(drawn: dict[str, str], regenerated: Regenerated) -> None:
    assert pictures.draw(regenerated.assembly) == drawn


def test_pictures_are_small(drawn: dict[str, str]) -> None:
    assert [name for name, text in drawn.items() if len(text.splitlines()) > MOST_LINES] == []
    assert sum(map(len, drawn.values())) <= MOST_BYTES


@pytest.mark.parametrize("name", GRAPHS)
def test_it_is_readable_in_the_readme(drawn: dict[str, str], name: str) -> None:
    """A README shows pictures at most 830 pixels wide."""
    root = ElementTree.fromstring(drawn[name])  # noqa: S314 - our own picture
    sizes = {float(text.get("font-size") or root.get("font-size") or 0) for text in root.iter(f"{SVG}text")}
    scale = min(1.0, README_WIDTH / float(root.get("width") or 0))
    assert min(sizes) * scale >= LEAST_FONT


@pytest.mark.parametrize("name", NAMES)
def test_picture_is_self_contained_and_has_a_title(drawn: dict[str, str], name: str) -> None:
    root = ElementTree.fromstring(drawn[name])  # noqa: S314 - our own picture
    assert root.get("role") == "img"
    for part in ("title", "desc"):
        assert (root.findtext(f"{SVG}{part}") or "").strip()
    assert not re.search(r"<(script|image|a)\b|href=|url\(|@import", drawn[name])
    assert name in GRAPHS or "every value is sample data" in drawn[name]


@pytest.mark.parametrize(
    ("names", "read"), [(PIPELINE_DASHBOARD, pipeline_dashboard), (ENVIRONMENT_DASHBOARD, environment_dashboard)]
)
def test_every_widget_and_alarm_of_a_dashboard_is_drawn(
    drawn: dict[str, str], regenerated: Regenerated, names: list[str], read: Callable[[Path], Body]
) -> None:
    roots = [ElementTree.fromstring(drawn[name]) for name in names]  # noqa: S314 - our own picture
    texts = [
        element.text or "" for root in roots for kind in ("text", "tspan") for element in root.iter(f"{SVG}{kind}")
    ]
    widgets = read(regenerated.assembly).widgets
    titles = {widget.properties["title"] for widget in widgets if "title" in widget.properties}
    assert len(titles) > 10
    assert titles <= set(texts)
    alarms = [alarm for widget in widgets if widget.type == "alarm" for alarm in widget.properties["alarms"]]
    assert texts.count("●") == len(alarms) > 10


@pytest.mark.parametrize("name", NAMES)
def test_picture_is_legible_in_light_and_dark_mode(drawn: dict[str, str], name: str) -> None:
    """Every colour of a text stands out from every ground."""
    inks = set(re.findall(r'<(?:text|tspan|g) [^>]*fill="(#\w{6})"', drawn[name]))
    dark = dict(re.findall(r'\[fill="(#\w{6})"\]\{fill:(#\w{6})\}', drawn[name]))
    grounds = [ground for ground in GROUNDS if f'fill="{ground}"' in drawn[name]]
    assert len(inks) >= 2
    assert len(grounds) > 1
    assert {*inks, *grounds} <= set(dark)
    for ink in inks:
        for ground in grounds:
            assert contrast(channels(ink), channels(ground)) >= 4.5, (ink, ground)
            assert contrast(channels(dark[ink]), channels(dark[ground])) >= 4.5, (dark[ink], dark[ground])


def channels(color: str) -> list[float]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def test_readme_shows_the_pictures() -> None:
    readme = Path(ROOT / "README.md").read_text()
    assert [name for name in NAMES if f"docs/pictures/{name}" not in readme] == []
