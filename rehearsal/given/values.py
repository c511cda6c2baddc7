"""The file of `--given`: values of what the accounts contain, in TOML or JSON.

    [secrets]
    github-token = "…"
    database = { username = "app", password = "…" }

    [parameters]
    "/network/vpc-id" = "vpc-0123456789abcdef0"

    [hosted-zones]
    "example.com" = "Z0123456789ABC"

    [vpcs]
    main = { id = "vpc-0123456789abcdef0", cidr = "10.1.0.0/16" }

    ["222222222222/eu-west-1".secrets]
    github-token = "…"

A table of an account, or of an account and a region, comes before the general ones. What is
not in the file becomes a placeholder.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rehearsal.errors import RehearsalError
from rehearsal.given.needs import Kind, Need

_SCOPE: Final = re.compile(r"\d{12}(/[a-z]{2}[a-z0-9-]+)?")
_TABLES: Final = {kind.table: kind for kind in Kind}


@dataclass(frozen=True)
class Given:
    """The values in a file, by account and region; never shown, because secrets are among them."""

    file: str = ""
    _values: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict, repr=False)
    """By scope (`""`, an account, or an account and region), table and name."""

    def value(self, need: Need) -> Any:
        """Return the value for something that is needed; None if the file has none."""
        for scope in (str(need.environment), need.environment.account, ""):
            found = self._values.get(scope, {}).get(need.kind.table, {}).get(need.name)
            if found is not None:
                return found
        return None

    def secrets(self) -> set[str]:
        """Return the values of secrets, whole and by member, which nobody may see."""
        found: set[str] = set()
        for tables in self._values.values():
            for value in tables.get(Kind.SECRET.table, {}).values():
                found.add(text_of(value))
                found |= {str(member) for member in value.values()} if isinstance(value, dict) else set()
        return found

    def unused(self, needs: list[Need]) -> list[str]:
        """Return the entries that nothing needs, such as misspelled ones."""
        named = {(need.kind.table, need.name) for need in needs}
        return [
            f"{table}.{name}"
            for tables in self._values.values()
            for table, values in tables.items()
            for name in values
            if (table, name) not in named
        ]


def read(file: Path) -> Given:
    """Read the file; raises RehearsalError if it cannot be read or has an unknown table."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        document = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise RehearsalError(f"cannot read {file}: {error.strerror}") from None
    except ValueError as error:
        kind = "JSON" if file.suffix == ".json" else "TOML"
        # The text of an error may quote the line, which may have a secret.
        place = re.search(r"line \d+", str(error))
        raise RehearsalError(f"{file} is not valid {kind}{f', {place[0]}' if place else ''}") from None
    if not isinstance(document, dict):
        raise RehearsalError(f"{file} must have tables: {', '.join(_TABLES)}")
    scopes = {name: value for name, value in document.items() if _SCOPE.fullmatch(name)}
    general = {name: value for name, value in document.items() if name not in scopes}
    for tables in (general, *scopes.values()):
        for table, values in tables.items() if isinstance(tables, dict) else [("", None)]:
            if table not in _TABLES or not isinstance(values, dict):
                raise RehearsalError(
                    f"{file} has {table or 'a value'} where a table is expected: {', '.join(_TABLES)}, or an account "
                    '("111111111111" or "111111111111/eu-west-1") with such tables'
                )
    return Given(str(file), {"": general, **scopes})


def text_of(value: Any) -> str:
    """Return a value as Secrets Manager or Parameter Store keeps it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return json.dumps(value)
