"""A resource type that cannot be created: how a rehearsal makes a stack fail on demand, rollback included."""

from rehearsal.emulator.internals import handlers

TYPE = "AWS::Rehearsal::Failure"


def register() -> None:
    """Let templates contain the failing type."""
    handlers[TYPE] = {"create": _fail, "update": _fail, "delete": lambda *_: None}


def _fail(*_: object) -> None:
    raise ValueError("made to fail by --fail")
