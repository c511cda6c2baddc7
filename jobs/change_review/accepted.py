"""The changes that are meant: `[environments.NAME.accepted_changes.FINGERPRINT]` in `delivery.toml`."""

import tomllib
from pathlib import Path

from jobs.change_review.errors import ReviewError
from jobs.change_review.findings import Acceptance, Finding


def read_acceptances(file: Path, environment: str) -> tuple[Acceptance, ...]:
    """Return the environment's tables; raise ReviewError if the file cannot be read.

    That each table has all its keys, the settings have checked when the release was synthesized.
    """
    try:
        tables = tomllib.loads(file.read_text())
        entries = tables["environments"][environment].get("accepted_changes", {})
        return tuple(
            Acceptance(
                stack=f"yawl-{environment}-{entry['stack']}",
                subject=entry["subject"],
                change=change,
                reason=entry["reason"],
            )
            for change, entry in entries.items()
        )
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ReviewError(f"{file} cannot be read: {error}") from None
    except KeyError as missing:
        raise ReviewError(f"{file}: environments.{environment} lacks {missing}") from None


def entry_for(finding: Finding, environment: str) -> str:
    """Return the lines of `delivery.toml` that would let the finding through."""
    return "\n".join(
        [
            f"[environments.{environment}.accepted_changes.{finding.change}]",
            f'stack = "{finding.stack.removeprefix(f"yawl-{environment}-")}"',
            f'subject = "{finding.subject}"',
            'reason = "…"',
        ]
    )
