"""What a look into an account has found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing stands, by the sign it is shown with."""

    GOOD = "✔"
    TO_FIX = "✘"
    UNCHECKED = "?"
    NOTE = "!"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    state: State
    text: str
    """How it is."""
    fix: str = ""
    """What to do, a command where one does it; empty where nothing needs to be done."""


def good(text: str) -> Finding:
    """Return that a thing is as it should be."""
    return Finding(State.GOOD, text)


def to_fix(text: str, fix: str) -> Finding:
    """Return that a thing would stop a delivery."""
    return Finding(State.TO_FIX, text, fix)


def unchecked(text: str, fix: str) -> Finding:
    """Return that nobody knows how a thing stands."""
    return Finding(State.UNCHECKED, text, fix)


def note(text: str, fix: str) -> Finding:
    """Return what nobody can examine and should know; `fix` says what to do should it come to pass."""
    return Finding(State.NOTE, text, fix)
