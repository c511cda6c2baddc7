"""A notice as a mail and as a chat message."""

import json
from dataclasses import dataclass
from enum import StrEnum

from .execution import Commit

LONGEST_SUBJECT = 100
"""SNS takes fewer characters than this, ASCII only (SNS API Reference, "Publish")."""
SHORT_COMMIT = 12


class Kind(StrEnum):
    """What a notice reports."""

    STARTED = "started"
    WAITING = "waiting for approval"
    FAILED = "failed"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled back"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice."""

    kind: Kind
    environment: str
    """Its name, or that none is concerned."""
    headline: str
    """What happened, and where."""
    commit: Commit
    details: tuple[str, ...] = ()
    """A line each."""
    next: str
    """What to do now."""
    link: str
    """Where to do it."""

    @property
    def subject(self) -> str:
        """The headline, as the subject of a mail."""
        commit = f"{self.commit.id[:SHORT_COMMIT]} {self.commit.title}".strip()
        text = f"{self.headline}: {commit}".encode("ascii", "replace").decode()
        text = " ".join(text.split())
        return text if len(text) < LONGEST_SUBJECT else f"{text[: LONGEST_SUBJECT - 5]} ..."

    def as_mail(self) -> str:
        """Return the whole notice as plain text."""
        rows = {
            "Environment": self.environment,
            "Commit": f"{self.commit.id} {self.commit.title}".strip(),
            "Author": self.commit.author,
        }
        lines = [self.headline, "", *(f"{name + ':':<13}{value}" for name, value in rows.items())]
        if self.details:
            lines += ["", *self.details]
        return "\n".join([*lines, "", f"What to do: {self.next}", self.link, ""])

    def as_chat(self) -> str:
        """Return the notice in the schema of Amazon Q Developer in chat applications ("Custom notifications")."""
        commit = f"`{self.commit.id[:SHORT_COMMIT]}` {self.commit.title}".strip()
        lines = [
            f"Environment: *{self.environment}*, {commit}, by {self.commit.author}",
            *self.details,
            f"<{self.link}|Open>",
        ]
        content = {
            "textType": "client-markdown",
            "title": self.headline,
            "description": "\n".join(lines),
            "nextSteps": [self.next],
        }
        return json.dumps({"version": "1.0", "source": "custom", "content": content})

    def as_message(self) -> str:
        """Return an SNS message of structure `json`: the mail, and the chat message for the chat's subscription."""
        mail = self.as_mail()
        return json.dumps({"default": mail, "email": mail, "https": self.as_chat()})
