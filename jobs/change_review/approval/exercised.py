"""What earlier environments exercised of a release: a change that none of them received was not tested anywhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.change_review.differences import CHANGED, REPLACED, ResourceChange
from jobs.change_review.review import Review

Changes = Mapping[str, Sequence[Mapping[str, Any]]]
"""By stack, without the environment's name: each resource's `logical_id`, `type`, `kind` and `because`."""


def changes_of(review: Review) -> dict[str, list[dict[str, Any]]]:
    """Return the changes as they are stored, for the reviews of later environments."""
    found: dict[str, list[dict[str, Any]]] = {}
    for stack in review.stacks:
        for change in stack.difference.resources:
            entry = {
                "logical_id": change.logical_id,
                "type": change.type,
                "kind": change.kind,
                "because": list(change.because),
            }
            found.setdefault(stack.part, []).append(entry)
    return found


@dataclass(frozen=True, kw_only=True)
class Received:
    """What an earlier environment received since it ran the commit that is to be replaced."""

    environment: str
    releases: int
    """How many, this one included."""
    is_complete: bool
    """Whether the environment ever ran that commit, and every review since was found."""
    changes: Mapping[str, frozenset[tuple[Any, ...]]] = field(default_factory=dict)
    """Each change's identity, by stack."""

    def has(self, part: str, change: ResourceChange) -> bool:
        """Return whether it received this change of this resource."""
        return _identity(change.logical_id, change.kind, change.because) in self.changes.get(part, ())


def received(environment: str, stored: Iterable[Changes], *, releases: int, is_complete: bool) -> Received:
    """Return what the stored reviews of an environment say that it received."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for changes in stored:
        for part, entries in changes.items():
            found.setdefault(part, set()).update(
                _identity(entry["logical_id"], entry["kind"], entry["because"]) for entry in entries
            )
    return Received(
        environment=environment,
        releases=releases,
        is_complete=is_complete,
        changes={part: frozenset(identities) for part, identities in found.items()},
    )


def _identity(logical_id: str, kind: str, because: Iterable[str]) -> tuple[Any, ...]:
    """Return what two environments' changes have in common; sizes and names may differ between environments."""
    return (logical_id, kind, *(sorted(because) if kind in (CHANGED, REPLACED) else ()))


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """How much of a stack's change an earlier environment received."""

    stack: str
    environment: str
    words: str
    is_whole: bool


def exercises(review: Review, earlier: Sequence[Received]) -> Iterator[Exercise]:
    """Yield a line for each changing stack and earlier environment; new stacks are compared with nothing."""
    for stack in review.stacks:
        changes = stack.difference.resources
        if stack.is_new or not changes:
            continue
        for one in earlier:
            same = sum(one.has(stack.part, change) for change in changes)
            if same == len(changes):
                words = f"received the same {_counted(same)}"
            elif not one.changes.get(stack.part):
                words = "did not change there: not tested there"
            else:
                words = f"received {same} of {_counted(len(changes))}"
            yield Exercise(stack=stack.name, environment=one.environment, words=words, is_whole=same == len(changes))


def _counted(number: int) -> str:
    return f"{number} change" if number == 1 else f"{number} changes"
