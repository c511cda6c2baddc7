"""The Data API of databases: none runs here, so that most statements are a gap."""

from typing import Any

from rehearsal.emulator.internals import rds_data
from rehearsal.errors import NOT_EMULATED


def register() -> None:
    """Say of a statement that no database executes that it says nothing about the release."""
    rds_data._stub_unsupported_sql_error = _refusal


def _refusal(_sql: str) -> Any:
    # A statement may have a password.
    return rds_data._error("BadRequestException", f"{NOT_EMULATED}: no database runs that could execute the statement")
