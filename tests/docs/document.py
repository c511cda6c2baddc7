"""Reads the commands, code blocks and tables of a Markdown document."""

import re
from dataclasses import dataclass

from tests.paths import ROOT

LANGUAGES = {"sh", "text", "toml"}
"""Languages of code blocks: commands, output, and files."""


@dataclass(frozen=True)
class Block:
    """A code block and its heading."""

    section: str
    language: str
    text: str


@dataclass(frozen=True)
class Document:
    """A Markdown file of the repository, by its path there."""

    path: str

    @property
    def text(self) -> str:
        """The whole text."""
        return (ROOT / self.path).read_text(encoding="utf-8")

    def blocks(self) -> list[Block]:
        """Return the code blocks in order."""
        section = ""
        found: list[Block] = []
        inside: tuple[str, list[str]] | None = None
        for line in self.text.splitlines():
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

    def block(self, section: str, language: str) -> str:
        """Return the text of a section's only block of a language."""
        [found] = [block.text for block in self.blocks() if (block.section, block.language) == (section, language)]
        return found

    def commands(self, section: str | None = None) -> list[str]:
        """Return the commands of all sections or one, in order, comments left out; one may go over several lines."""
        return [
            command
            for block in self.blocks()
            if block.language == "sh" and section in (None, block.section)
            for command in _commands(block.text)
        ]

    def inline_commands(self) -> list[str]:
        """Return the make commands in backticks in the text."""
        prose = re.sub(r"^```.*?^```$", "", self.text, flags=re.DOTALL | re.MULTILINE)
        spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
        return [span for span in spans if span.startswith("make ")]

    def first_column(self, section: str) -> list[str]:
        """Return the first cells of a section's table, each without its marks, the heading left out."""
        body = re.split(rf"^## {re.escape(section)}$", self.text, maxsplit=1, flags=re.MULTILINE)[1].split("\n## ")[0]
        rows = [line for line in body.splitlines() if line.startswith("| ")]
        return [row.removeprefix("| ").split(" | ")[0].strip("` |") for row in rows[2:]]


def _commands(block: str) -> list[str]:
    """Split a block at the ends of lines that are not within quotation marks."""
    found: list[str] = []
    for line in block.splitlines():
        if found and found[-1].count("'") % 2:
            found[-1] += f"\n{line}"
        else:
            found.append(re.sub(r"\s+# .*", "", line))
    return found
