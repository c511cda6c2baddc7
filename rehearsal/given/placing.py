"""Creates what the accounts must contain in the emulator: given values, and placeholders."""

import json
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from cloud_assembly import Stack
from rehearsal.engine.cloud import Cloud
from rehearsal.errors import PLACEHOLDER, RehearsalError
from rehearsal.gaps import Gap, GapKind
from rehearsal.given import lookups, templates
from rehearsal.given.needs import Kind, Need, merged, network
from rehearsal.given.values import Given, text_of

SHOWN_VALUES = {
    Kind.SECRET: '"…"',
    Kind.PARAMETER: '"…"',
    Kind.EXPORT: '"…"',
    Kind.BUCKET: "true",
    Kind.HOSTED_ZONE: '"Z…"',
    Kind.VPC: '{ id = "vpc-…", cidr = "10.0.0.0/16" }',
    Kind.SECURITY_GROUP: '"sg-…"',
    Kind.AMI: '"ami-…"',
    Kind.CERTIFICATE: '"example.com"',
    Kind.KEY: "true",
    Kind.ROLE: "true",
}
"""Examples of values in a file of `--given`."""


def needs_of(stacks: Iterable[Stack], context_file: Path | None = None) -> list[Need]:
    """Return what the stacks need, and what the project's cdk.context.json records."""
    return merged(chain(lookups.recorded(context_file) if context_file else (), templates.needs_of(stacks)))


def place(cloud: Cloud, needs: Iterable[Need], given: Given) -> None:
    """Create what is needed; what an account has already stays as it is. Raises RehearsalError for a bad value."""
    by_environment: dict[Any, list[dict[str, Any]]] = {}
    for need in needs:
        by_environment.setdefault(need.environment, []).append(thing(need, given))
    for environment, things in by_environment.items():
        cloud.place({"account": environment.account, "region": environment.region, "things": things})


def gaps(needs: Iterable[Need], given: Given) -> list[Gap]:
    """Return the gaps of what neither the file nor the project says: placeholders."""
    return [_gap(need) for need in needs if not need.is_known and given.value(need) is None]


def _gap(need: Need) -> Gap:
    # A role has no region.
    place = need.environment.account if need.kind is Kind.ROLE else need.environment
    if need.is_minor:
        return Gap(GapKind.GIVEN, need.where, f"that {place} has the {need.kind} {need.name}", is_minor=True)
    example = f"[{need.kind.table}] {json.dumps(need.name)} = {SHOWN_VALUES[need.kind]}"
    what = "a placeholder that may do everything" if need.kind is Kind.ROLE else "a placeholder"
    reason = f"{need.kind} {need.name} in {place} is {what}; in a file for --given: {example}"
    return Gap(GapKind.GIVEN, need.where, reason)


def thing(need: Need, given: Given) -> dict[str, Any]:
    """Return what the emulator creates; raises RehearsalError if the given value has another form."""
    value = given.value(need)
    found = {"kind": str(need.kind), "name": need.name, **need.details}
    if need.kind in (Kind.PARAMETER, Kind.EXPORT):
        found["value"] = need.details["value"] or PLACEHOLDER
    if need.kind is Kind.SECRET:
        found["value"] = _secret(need, given)
    elif value is None or need.kind in (Kind.BUCKET, Kind.KEY, Kind.ROLE):
        return found
    elif need.kind in (Kind.PARAMETER, Kind.EXPORT):
        found["value"] = text_of(value)
    elif need.kind is Kind.VPC and isinstance(value, Mapping):
        found.update(network(need.environment, need.name, {"tags": need.details.get("tags"), **value}))
    elif not isinstance(value, str):
        raise RehearsalError(
            f"{given.file}: {need.kind.table}.{need.name} must be a text such as {SHOWN_VALUES[need.kind]}"
        )
    elif need.kind is Kind.CERTIFICATE:
        found["name"] = value
    else:
        found["id"] = value
    return found


def _secret(need: Need, given: Given) -> str:
    value = given.value(need)
    if value is None:
        return json.dumps(dict.fromkeys(sorted(need.keys), PLACEHOLDER)) if need.keys else PLACEHOLDER
    text = text_of(value)
    if missing := need.keys - _members(text):
        raise RehearsalError(
            f"{given.file}: the secret {need.name} has no key {', '.join(sorted(missing))}, which {need.where} reads"
        )
    return text


def _members(text: str) -> set[str]:
    try:
        document = json.loads(text)
    except ValueError:
        return set()
    return set(document) if isinstance(document, dict) else set()
