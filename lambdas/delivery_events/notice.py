"""A notice as a mail and as a chat message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from textwrap import fill

from .execution import UNKNOWN, Commit
from .free_text import CHAT_TITLE, chat_line, mail_block, one_line, sns_subject

WIDTH = 78
"""Characters of a mail's line. Addresses, commands and what a program said are not wrapped: they are copied."""
SHORT_COMMIT = 12


class Kind(StrEnum):
    """What a notice reports."""

    STARTED = "started"
    WAITING = "waiting for approval"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    STOPPED = "stopped"
    ROLLED_BACK = "rolled back"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice: what happened, where, and what to do. Any of its texts may be free text."""

    kind: Kind
    environment: str
    """Its name, or that none is concerned."""
    headline: str
    """What happened, and where."""
    commit: Commit
    reasons: tuple[str, ...] = ()
    """Why it happened: what a program or a person said, a line each."""
    details: tuple[str, ...] = ()
    """A line each; two blanks indent it."""
    state: str = ""
    """What the environment runs now, and what happens by itself."""
    next: str
    """What to do now."""
    paste: str = ""
    """What `next` says to paste."""
    links: Mapping[str, str] = field(default_factory=dict)
    """More addresses by name."""
    link: str
    """The execution's page."""

    @property
    def subject(self) -> str:
        """The headline and the commit, as the subject of a mail."""
        return sns_subject(f"{self.headline}: {commit}" if (commit := _named(self.commit)) else self.headline)

    def as_mail(self) -> str:
        """Return the whole notice as plain text."""
        rows = {"Environment": self.environment, "Commit": _named(self.commit) or UNKNOWN, "Author": self.commit.author}
        table = [
            fill(
                one_line(value),
                WIDTH,
                initial_indent=f"{name + ':':<13}",
                subsequent_indent=" " * 13,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for name, value in rows.items()
        ]
        addresses = {**self.links, "Pipeline": self.link}
        paragraphs = [
            _filled(self.headline),
            "\n".join(one_line(line) for line in self.reasons),
            "\n".join(table),
            "\n".join(f"{'  ' if line.startswith('  ') else ''}{one_line(line)}" for line in self.details),
            _filled(self.state),
            _filled(f"What to do: {self.next}"),
            mail_block(self.paste),
            "\n".join(f"{name + ':':<13}{one_line(address)}" for name, address in addresses.items()),
        ]
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"

    def as_chat(self) -> str:
        """Return the notice in the schema of Amazon Q Developer in chat applications ("Custom notifications")."""
        lines = [
            *(chat_line(line) for line in self.reasons),
            f"Environment: {chat_line(self.environment)}",
            f"Commit: {chat_line(_named(self.commit) or UNKNOWN)}",
            f"Author: {chat_line(self.commit.author)}",
            *(chat_line(line) for line in (*self.details, self.state) if line.strip()),
            *(["```", *(chat_line(line) for line in self.paste.split("\n")), "```"] if self.paste else []),
            *(f"<{one_line(address)}|{name}>" for name, address in {**self.links, "Pipeline": self.link}.items()),
        ]
        content = {
            "textType": "client-markdown",
            "title": chat_line(self.headline, CHAT_TITLE // 2),
            "description": "\n".join(lines),
            "nextSteps": [chat_line(self.next)],
        }
        return json.dumps({"version": "1.0", "source": "custom", "content": content})

    def as_message(self) -> str:
        """Return an SNS message of structure `json`: the mail, and the chat message for the chat's subscription."""
        mail = self.as_mail()
        return json.dumps({"default": mail, "email": mail, "https": self.as_chat()})


def _named(commit: Commit) -> str:
    """Return a commit's id and title; empty if it is unknown."""
    return f"{commit.id[:SHORT_COMMIT]} {commit.title}".strip() if commit.id != UNKNOWN else commit.title


def _filled(text: str) -> str:
    return fill(one_line(text), WIDTH, break_long_words=False, break_on_hyphens=False)
