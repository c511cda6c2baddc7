"""Computes the contrast of text and background as the Web Content Accessibility Guidelines define it."""

from typing import Any

from playwright.sync_api import Page

LEAST_CONTRAST = 4.5
"""Level AA, for text of normal size."""

TEXTS = """() => {
  const painted = (color) => {
    const [red, green, blue, alpha = 1] = color.match(/[\\d.]+/g).map(Number);
    return { color: [red, green, blue], alpha };
  };
  const behind = (element) => {
    for (let box = element; box; box = box.parentElement) {
      const { color, alpha } = painted(getComputedStyle(box).backgroundColor);
      if (alpha === 1) return color;
      if (alpha > 0) throw new Error(`${box.outerHTML.slice(0, 80)} is half transparent`);
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest('script, .unseen')) continue;
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    found.push({ text: text.slice(0, 40), ink: painted(ink).color, behind: behind(element) });
  }
  for (const line of document.querySelectorAll('.log .text')) {
    const ink = painted(getComputedStyle(line, '::before').color).color;
    found.push({ text: 'number of a line', ink, behind: behind(line) });
  }
  return found;
}"""


def low_contrasts(page: Page) -> tuple[int, list[str]]:
    """Return the number of visible texts, and those with too little contrast."""
    found: list[dict[str, Any]] = page.evaluate(TEXTS)
    rated = [(contrast(text["ink"], text["behind"]), text["text"]) for text in found]
    return len(rated), [f"{text}: {rate:.2f}" for rate, text in rated if rate < LEAST_CONTRAST]


def contrast(one: list[float], other: list[float]) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: list[float]) -> float:
    red, green, blue = (_linear(value / 255) for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
