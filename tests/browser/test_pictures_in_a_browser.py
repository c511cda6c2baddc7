"""The texts of pictures fit into their boxes with any font."""

import pytest
from playwright.sync_api import Browser

from tests.paths import ROOT

PICTURES = ROOT / "docs/pictures"
IN_A_WIDE_FONT = """
for (const text of document.querySelectorAll("text")) {
  text.style.fontFamily = "monospace";
}
"""
TEXTS_OUTSIDE = """
[...document.querySelectorAll("g.node, g.cluster")].flatMap((group) => {
  const shapes = [...group.querySelectorAll("rect")].map((shape) => shape.getBBox());
  const left = Math.min(...shapes.map((shape) => shape.x));
  const right = Math.max(...shapes.map((shape) => shape.x + shape.width));
  return [...group.querySelectorAll("text")].filter((text) => {
    const { x, width } = text.getBBox();
    return x < left || x + width > right;
  }).map((text) => text.textContent);
})
"""


@pytest.mark.parametrize("name", ["architecture.svg", "pipeline.svg"])
def test_text_fits_its_box(browser: Browser, name: str) -> None:
    page = browser.new_page()
    page.goto((PICTURES / name).as_uri())
    page.evaluate(IN_A_WIDE_FONT)
    assert page.locator("g.node text").count() > 20
    assert page.evaluate(TEXTS_OUTSIDE) == []
    page.close()
