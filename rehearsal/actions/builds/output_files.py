"""The files of a build's artifact or report: glob patterns below base directories (Build specification reference)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class NoFilesError(Exception):
    """No file matches, or a pattern is invalid; the text says which."""


@dataclass(frozen=True)
class Output:
    """The files of an artifact or report: glob patterns below a base directory, which may be a pattern too."""

    base_directory: str
    patterns: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    discard_paths: bool = False
    keep_links: bool = False
    """Whether symbolic links stay links in the artifact (`enable-symlinks`)."""

    def files(self, build_directory: Path, variables: Mapping[str, str] | None = None) -> dict[str, Path]:
        """Return the files by their names in the artifact; raises NoFilesError when there are none.

        `variables` are the build's, for references in directories and patterns.
        """
        known = variables or {}
        found: dict[str, Path] = {}
        for base in self._bases(build_directory, known):
            chosen = self._matching(base, self.patterns, known) - self._matching(base, self.excluded, known)
            found |= {file.name if self.discard_paths else str(file.relative_to(base)): file for file in sorted(chosen)}
        if not found:
            raise NoFilesError(f"no files match {', '.join(self.patterns)} in {self.base_directory}")
        return found

    @property
    def references(self) -> frozenset[str]:
        """The names of the variables in directories and patterns."""
        texts = (self.base_directory, *self.patterns, *self.excluded)
        return frozenset(a or b for text in texts for a, b in _REFERENCE.findall(text))

    def _bases(self, build_directory: Path, variables: Mapping[str, str]) -> list[Path]:
        base = _expanded(self.base_directory, variables)
        if not set(base) & set("*?["):
            return [build_directory / base]
        return sorted(found for found in build_directory.glob(base) if found.is_dir())

    def _matching(self, base: Path, patterns: tuple[str, ...], variables: Mapping[str, str]) -> set[Path]:
        try:
            return {
                file
                for pattern in patterns
                for file in base.glob(_expanded(pattern, variables).removeprefix(f"{base}/"))
                if file.is_file() or (self.keep_links and file.is_symlink())
            }
        except (NotImplementedError, ValueError) as error:
            raise NoFilesError(f"artifact files {', '.join(patterns)}: {error}") from None


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda found: variables.get(found[1] or found[2], ""), text)
