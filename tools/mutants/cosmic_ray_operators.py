"""Cosmic Ray's mutants as JSON: a script for the environment that has Cosmic Ray, and nothing else of the project.

`list`: reads `{"files": […], "operators": […]}` and prints `[file, operator, occurrence, line, column]` of each mutant.
`edits`: reads such a list and prints `[start, before, after]` of each: the passage that the mutant replaces.
Lines begin with 1, columns and positions with 0; both count characters.
"""

import json
import sys
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator


def mutants(files: list[str], operators: list[str]) -> list[list[Any]]:
    """List all mutants of the files."""
    found: list[list[Any]] = []
    for file in files:
        nodes = list(ast_nodes(get_ast(Path(file).read_text(encoding="utf-8"))))
        for name in operators:
            operator = get_operator(f"core/{name}")()
            positions = [start for node in nodes for start, _ in operator.mutation_positions(node)]
            found += [[file, name, occurrence, *position] for occurrence, position in enumerate(positions)]
    return found


def edit(file: str, operator: str, occurrence: int) -> list[Any]:
    """Return the passage that a mutant replaces: whole lines, so that it can be read; the same if it cannot be made."""
    text = Path(file).read_text(encoding="utf-8")
    try:
        changed = mutate_code(text, get_operator(f"core/{operator}")(), occurrence)
    except AttributeError:
        # It lists exceptions with a dotted name, such as `psycopg.Error`, and cannot replace them.
        changed = None
    before, after = text.splitlines(keepends=True), (changed or text).splitlines(keepends=True)
    first = next((i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), 0)
    same = 0
    while same < min(len(before), len(after)) - first and before[-1 - same] == after[-1 - same]:
        same += 1
    start = sum(map(len, before[:first]))
    return [start, "".join(before[first : len(before) - same]), "".join(after[first : len(after) - same])]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    if sys.argv[1] == "list":
        json.dump(mutants(**asked), sys.stdout)
    else:
        json.dump([edit(*row[:3]) for row in asked], sys.stdout)
