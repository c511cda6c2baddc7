"""Which tests can catch a mutant: those that import its file or name its package, the closest first."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

ROOTS = ("", "container/")
"""Folders from which modules are imported."""
UNRELATED = 1000
"""The distance of a test that does not import the file."""


class Selection:
    """Orders tests by their distance to a mutated file, and by what they have caught so far."""

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        self._texts = {
            file: (root / file).read_text(encoding="utf-8") for file in files if PurePath(file).suffix == ".py"
        }
        self._modules = {_module(file, top): file for file in self._texts for top in ROOTS if file.startswith(top)}
        self._importers: defaultdict[str, set[str]] = defaultdict(set)
        for file, text in self._texts.items():
            for imported in self._imports(file, text):
                self._importers[imported].add(file)
        self._distances: dict[str, dict[str, int]] = {}
        self._caught: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def tests(self, folders: Sequence[str]) -> list[str]:
        """Return all test files of these folders and files."""
        return sorted(
            file
            for file in self._texts
            if PurePath(file).name.startswith("test_")
            and any(file == folder or file.startswith(f"{folder}/") for folder in folders)
        )

    def related(self, mutated: str, folders: Sequence[str]) -> list[str]:
        """Return the tests that import the mutated file or name its package, the most promising first.

        All of them if it is no Python file, or if there is none.
        """
        tests = self.tests(folders)
        distances = self._distances_from(mutated)
        related = [test for test in tests if test in distances or self._names_package(test, mutated)]
        caught = self._caught[mutated]
        return sorted(related or tests, key=lambda test: (-caught[test], distances.get(test, UNRELATED), test))

    def note(self, mutated: str, test: str) -> None:
        """Note that a test file has caught a mutant of a file: it is tried first from now on."""
        self._caught[mutated][test] += 1

    def _imports(self, file: str, text: str) -> set[str]:
        """Return the files that a file imports; a test imports the `conftest.py` of its folders."""
        names: set[str] = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
        found = {self._modules[name] for name in names if name in self._modules}
        if PurePath(file).name.startswith("test_"):
            found |= {str(folder / "conftest.py") for folder in PurePath(file).parents} & self._texts.keys()
        return found - {file}

    def _distances_from(self, mutated: str) -> dict[str, int]:
        """Return how many imports lead from each file to the mutated one."""
        if mutated not in self._distances:
            distances, border = {mutated: 0}, [mutated]
            while border:
                border = [
                    importer
                    for file in border
                    for importer in sorted(self._importers[file])
                    if distances.setdefault(importer, distances[file] + 1) == distances[file] + 1
                    and importer not in border
                ]
                border = list(dict.fromkeys(border))
            self._distances[mutated] = distances
        return self._distances[mutated]

    def _names_package(self, test: str, mutated: str) -> bool:
        """Return whether a test names the mutated file's package: it may start it as a program."""
        folder = PurePath(mutated).parent
        names = (
            str(folder),
            ".".join(folder.parts),
            PurePath(mutated).name if mutated.endswith("__main__.py") else "\0",
        )
        return any(name in self._texts[test] for name in names)


def _module(file: str, top: str) -> str:
    path = PurePath(file.removeprefix(top)).with_suffix("")
    return ".".join(path.parts[:-1] if path.name == "__init__" else path.parts)
