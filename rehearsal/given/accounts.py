"""What the accounts of one rehearsal must contain: from the lookups of its synthesis and from its assembly."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rehearsal.assembly import Assembly
from rehearsal.engine.cloud import Cloud
from rehearsal.gaps import Gap
from rehearsal.given import lookups, placing
from rehearsal.given.needs import Need
from rehearsal.given.values import Given


class Accounts:
    """Collects what is needed, and creates it in the emulated accounts."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._needs: dict[Any, Need] = {}
        self._lookup_gaps: list[Gap] = []

    def place_lookups(self, cloud: Cloud, missing: list[Mapping[str, Any]]) -> None:
        """Create what the lookups of a synthesis need; raises RehearsalError for a bad value."""
        needs = lookups.needs_of(missing)
        placing.place(cloud, needs, self._given)
        self._needs.update({need.identity: need for need in needs})
        self._lookup_gaps += [*lookups.gaps_of(missing), *placing.gaps(needs, self._given)]

    def expected(self, assembly: Assembly, context_file: Path) -> Assembly:
        """Return the assembly with the gaps of what its accounts lack; raises RehearsalError for a bad value.

        `context_file` is the project's cdk.context.json, which may be missing.
        """
        needs = placing.needs_of(assembly.templates, context_file)
        for need in needs:
            placing.thing(need, self._given)
        # What the lookups found is in the templates too.
        needs = [need for need in needs if need.identity not in self._needs]
        self._needs.update({need.identity: need for need in needs})
        gaps = dict.fromkeys([*self._lookup_gaps, *placing.gaps(needs, self._given)])
        return replace(assembly, gaps=(*assembly.gaps, *gaps))

    def place(self, cloud: Cloud) -> None:
        """Create all that is needed and does not exist."""
        placing.place(cloud, self._needs.values(), self._given)

    def unused(self) -> list[str]:
        """Return the given values that nothing needs, such as misspelled ones."""
        return self._given.unused(list(self._needs.values()))
