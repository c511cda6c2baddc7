"""The figures of a program: the constants of its modules that are numbers or durations."""

import ast
import inspect
from datetime import timedelta
from types import ModuleType


def figures(*modules: ModuleType) -> dict[str, object]:
    """Return the figures that these modules define, by `module.NAME` below their package; durations in seconds."""
    found: dict[str, object] = {}
    for module in modules:
        for node in ast.parse(inspect.getsource(module)).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for name in [target.id for target in targets if isinstance(target, ast.Name)]:
                value = getattr(module, name, None)
                if name.isupper() and _is_figure(value):
                    found[f"{module.__name__.partition('.')[2]}.{name}"] = _seconds(value)
    return found


def _is_figure(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_figure, value))
    return isinstance(value, int | float | timedelta) and not isinstance(value, bool)


def _seconds(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value
