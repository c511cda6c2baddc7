"""The figures of a program: the constants of its modules that are numbers, durations, or limits of calls to AWS."""

import ast
import inspect
import pkgutil
from datetime import timedelta
from importlib import import_module
from types import ModuleType
from typing import Any

from botocore.config import Config


def figures(package: ModuleType) -> dict[str, object]:
    """Return the figures of a package by `module.NAME`: durations in seconds, limits of a client with attempts."""
    found: dict[str, object] = {}
    for item in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = import_module(item.name)
        for node in ast.parse(inspect.getsource(module)).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for name in [target.id for target in targets if isinstance(target, ast.Name)]:
                value = getattr(module, name, None)
                if name.isupper() and _is_figure(value):
                    found[f"{module.__name__.partition('.')[2]}.{name}"] = _plain(value)
    return found


def _is_figure(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_figure, value))
    return isinstance(value, int | float | timedelta | Config) and not isinstance(value, bool)


def _plain(value: object) -> object:
    if isinstance(value, Config):
        limits: Any = value
        return limits.connect_timeout, limits.read_timeout, limits.retries["total_max_attempts"]
    return value.total_seconds() if isinstance(value, timedelta) else value
