"""Reads README.md: its commands, code blocks and tables."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LANGUAGES = {"sh", "text", "toml"}
"""The kinds of code blocks: commands, what they print, and what a file holds."""


@dataclass(frozen=True)
class Block:
    """A code block and the heading it stands under."""

    section: str
    language: str
    text: str


def text() -> str:
    """Return the whole README."""
    return (ROOT / "README.md").read_text()


def blocks() -> list[Block]:
    """Return the code blocks in order."""
    section = ""
    found: list[Block] = []
    inside: tuple[str, list[str]] | None = None
    for line in text().splitlines():
        if line.startswith("```"):
            if inside is None:
                inside = line.removeprefix("```"), []
            else:
                found.append(Block(section, inside[0], "\n".join(inside[1])))
                inside = None
        elif inside is not None:
            inside[1].append(line)
        elif line.startswith("## "):
            section = line.removeprefix("## ")
    assert inside is None, "a code block is not closed"
    return found


def block(section: str, language: str) -> str:
    """Return the text of a section's only block of a language."""
    [found] = [block.text for block in blocks() if (block.section, block.language) == (section, language)]
    return found


def commands(section: str | None = None) -> list[str]:
    """Return the commands of all sections or one, in order, comments left out."""
    return [
        re.sub(r"\s+# .*", "", line)
        for block in blocks()
        if block.language == "sh" and section in (None, block.section)
        for line in block.text.splitlines()
    ]


def inline_commands() -> list[str]:
    """Return the commands that stand in the text."""
    prose = re.sub(r"^```.*?^```$", "", text(), flags=re.DOTALL | re.MULTILINE)
    return [span for span in re.findall(r"`([^`]+)`", prose) if span.startswith("make ")]


def first_column(section: str) -> list[str]:
    """Return the first cells of a section's table, each without its marks, the heading left out."""
    body = re.split(rf"^## {re.escape(section)}$", text(), maxsplit=1, flags=re.MULTILINE)[1].split("\n## ")[0]
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    return [row.removeprefix("| ").split(" | ")[0].strip("` |") for row in rows[2:]]
