"""What a rehearsal has done and decided, on disk as it goes, so that another can go on where it was killed.

One that is resumed runs from its beginning, the same way. Whatever it asks for again, it is given as it was: how each
action has ended, each condition's verdict, each definition read, each id drawn. What does not stand here, such as the
action that was under way, it does.
"""

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


class Journal:
    """Answers by key; under one key, in the order in which the answers were first had."""

    def __init__(self, file: Path | None = None) -> None:
        """Go on with what `file` holds; without one, nothing is known and nothing is kept."""
        self._file = file
        self._lock = threading.Lock()
        self._known: defaultdict[str, deque[Any]] = defaultdict(deque)
        for key, value in _entries(file) if file and file.exists() else []:
            self._known[key].append(value)

    def once(self, key: str, kind: TypeAdapter[T], make: Callable[[], T]) -> T:
        """Return what is known under the key; if nothing is, make it and keep it."""
        found = self.recall(key, kind)
        if found is None:
            [made] = [make()]
            self.keep(key, kind, made)
            return made
        return found[0]

    def recall(self, key: str, kind: TypeAdapter[T]) -> tuple[T] | None:
        """Return what is known next under the key; None if nothing is."""
        with self._lock:
            if not self._known[key]:
                return None
            return (kind.validate_python(self._known[key].popleft()),)

    def keep(self, key: str, kind: TypeAdapter[T], value: T) -> None:
        """Write down what is known now."""
        if self._file is None:
            return
        entry = json.dumps([key, kind.dump_python(value, mode="json")])
        with self._lock, self._file.open("a") as file:
            file.write(entry + "\n")


def _entries(file: Path) -> list[tuple[str, Any]]:
    """Return the entries of a journal; drop the last for good, if its writer's death has cut it off."""
    whole = file.read_text().rpartition("\n")[0]
    file.write_text(whole + "\n" if whole else "")
    return [json.loads(line) for line in whole.splitlines()]
