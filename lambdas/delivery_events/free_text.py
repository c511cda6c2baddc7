"""Free text, such as a commit's title or an author's name, made safe for each API that it goes to.

A character that an API rejects would cost the whole mail. One that reorders or hides text, such as a bidirectional
override, would let a title say something else than it is. All functions accept any string.
"""

import unicodedata
from typing import Final

SUBJECT: Final = 99
"""Characters: SNS takes fewer than 100, without line breaks or control characters (SNS API Reference, "Publish")."""
CHAT_TITLE: Final = 250
"""Characters (Amazon Q Developer in chat applications, "Custom notifications")."""
LINE: Final = 2_000
"""Characters of one line. A notice has some dozens, so that a message stays far below the 256 KB that SNS takes."""
ACCENTS: Final = 2
"""Combining characters in a row; more of them cover the lines above and below."""


def one_line(text: str, most: int = LINE) -> str:
    """Return visible text in one line of at most `most` characters.

    Control and format characters, surrogates, unassigned and private characters and all kinds of spaces become single
    blanks.
    """
    visible = "".join(letter if letter.isprintable() else " " for letter in _with_few_accents(text[: most * 4]))
    line = " ".join(visible.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def sns_subject(text: str) -> str:
    """Return a subject of a mail: ASCII that begins with a visible character; accents are dropped.

    SNS's reference has required ASCII and now allows UTF-8; ASCII satisfies both.
    """
    plain = unicodedata.normalize("NFKD", one_line(text))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    ascii_only = " ".join(plain.replace("…", "...").encode("ascii", "replace").decode().split())
    cut = ascii_only if len(ascii_only) <= SUBJECT else f"{ascii_only[: SUBJECT - 4].rstrip()} ..."
    return cut or "?"


def mail_block(text: str) -> str:
    """Return text that keeps its lines, such as TOML to paste."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def chat_line(text: str, most: int = LINE) -> str:
    """Return a line of a chat message, in which no text is a link, a mention or an HTML entity."""
    return one_line(text, most).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _with_few_accents(text: str) -> str:
    kept: list[str] = []
    row = 0
    for letter in text:
        row = row + 1 if unicodedata.category(letter).startswith("M") else 0
        if row <= ACCENTS:
            kept.append(letter)
    return "".join(kept)
