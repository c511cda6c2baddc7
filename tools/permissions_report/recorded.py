"""Reads the statements that a rehearsal used from its report, `make rehearse ARGS='--json FILE'`."""

import json
from pathlib import Path

from cloud_assembly import UserError


def used_statements(file: Path) -> set[tuple[str, int]]:
    """Return policy (stack and name) and index of each statement that allowed a call; raises UserError."""
    try:
        permissions = json.loads(file.read_text())["permissions"]
        return {
            (f"{role['stack']}/{grant['policy']}", grant["index"])
            for role in permissions["roles"].values()
            for grant in role["grants"]
            if grant["used"]
        }
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{file} is not the report of a rehearsal that checked permissions; "
            f"`make rehearse ARGS='--json {file}'` writes one"
        ) from None
