"""Findings about an account."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The result of a check; the value is the sign it is shown with."""

    GOOD = "✔"
    TO_FIX = "✘"
    UNCHECKED = "?"
    NOTE = "!"


@dataclass(frozen=True)
class Finding:
    """One result of a check."""

    state: State
    text: str
    """What was found."""
    fix: str = ""
    """What to do, as a command if possible; empty if nothing."""


def good(text: str) -> Finding:
    """Return a passed check."""
    return Finding(State.GOOD, text)


def to_fix(text: str, fix: str) -> Finding:
    """Return a problem that would stop a delivery."""
    return Finding(State.TO_FIX, text, fix)


def unchecked(text: str, fix: str) -> Finding:
    """Return a check that could not run."""
    return Finding(State.UNCHECKED, text, fix)


def note(text: str, fix: str) -> Finding:
    """Return a risk that no API shows; `fix` says what to do if it occurs."""
    return Finding(State.NOTE, text, fix)
