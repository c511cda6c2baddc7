"""Accepted changes: `[environments.NAME.accepted_changes.FINGERPRINT]` in `delivery.toml`."""

import tomllib
from pathlib import Path

from cloud_assembly import UserError
from jobs.change_review.findings import Acceptance, Finding


def read_acceptances(file: Path, environment: str) -> tuple[Acceptance, ...]:
    """Return the environment's tables; raise UserError if the file cannot be read.

    The review reads the file itself because its build installs neither the app nor pydantic. It checks no keys: the
    synthesis of the release did. Like the settings, it accepts a byte order mark.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        entries = tables["environments"][environment].get("accepted_changes", {})
        return tuple(
            Acceptance(
                stack=_full_name(entry["stack"], environment),
                subject=entry["subject"],
                change=change,
                reason=entry["reason"],
            )
            for change, entry in entries.items()
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{file} cannot be read: {error}") from None
    except KeyError as missing:
        raise UserError(f"{file}: environments.{environment} lacks {missing}") from None


def _full_name(stack: str, environment: str) -> str:
    """Return a stack's name; those of the environment itself are given without `yawl-` and its name."""
    return stack if stack.startswith("yawl-") else f"yawl-{environment}-{stack}"


def entry_for(finding: Finding, environment: str) -> str:
    """Return the lines of `delivery.toml` that would accept the finding."""
    return "\n".join(
        [
            f"[environments.{environment}.accepted_changes.{finding.change}]",
            f'stack = "{finding.stack.removeprefix(f"yawl-{environment}-")}"',
            f'subject = "{finding.subject}"',
            'reason = "…"',
        ]
    )
