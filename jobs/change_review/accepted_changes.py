"""Accepted changes: `[environments.NAME.accepted_changes.FINGERPRINT]` in `delivery.toml`."""

import json
from pathlib import Path

from cloud_assembly import UserError
from cloud_assembly.settings_file import read_settings_file
from jobs.change_review.findings import Acceptance, Finding


def read_acceptances(file: Path, environment: str) -> tuple[Acceptance, ...]:
    """Return the environment's tables; raise UserError if the file cannot be read.

    The review's build installs neither the app nor pydantic. It checks no keys: the synthesis of the release did.
    """
    tables = read_settings_file(file)
    try:
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
    except KeyError as missing:
        raise UserError(f"{file}: environments.{environment} lacks {missing}") from None
    except (AttributeError, TypeError):
        raise UserError(f"{file}: environments.{environment} is not valid; run `make synth`, which says why") from None


def _full_name(stack: str, environment: str) -> str:
    """Return a stack's name; those of the environment itself are given without `yawl-` and its name."""
    return stack if stack.startswith("yawl-") else f"yawl-{environment}-{stack}"


def pipeline_acceptances(file: Path) -> frozenset[str]:
    """Return the fingerprints of accepted permissions of the pipeline itself; raise UserError if it cannot be read."""
    try:
        return frozenset(read_settings_file(file).get("pipeline", {}).get("accepted_changes", {}))
    except (AttributeError, TypeError):
        raise UserError(f"{file}: pipeline is not valid; run `make synth`, which says why") from None


def entry_for(finding: Finding, environment: str, *, reason: str = "…") -> str:
    """Return the lines of `delivery.toml` that accept the finding."""
    stack = finding.stack.removeprefix(f"yawl-{environment}-")
    return entry(f"environments.{environment}", finding.change, stack=stack, subject=finding.subject, reason=reason)


def entry(table: str, change: str, **values: str) -> str:
    """Return the table that accepts a change; every text is a basic string of TOML."""
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    return "\n".join([f"[{table}.accepted_changes.{change}]", *lines])
