"""A resource type that cannot be created: how a rehearsal makes a stack fail on demand, rollback included."""

from typing import Any

from ministack.services.cloudformation import provisioners

TYPE = "AWS::Rehearsal::Failure"


def register() -> None:
    """Let templates contain the failing type."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _fail, "update": _fail, "delete": lambda *_: None}


def _fail(*_: Any) -> None:
    raise ValueError("made to fail by --fail")
