"""Reads `delivery.toml`."""

import sys
from collections.abc import Mapping
from pathlib import Path as File
from typing import cast

from cloud_assembly.settings_file import SettingsFileError, read_settings_file
from settings.model import Settings
from settings.validation.errors import SettingsError
from settings.validation.toml_format import Path, dotted


def load(file: File) -> Settings:
    """Return the settings in `file`.

    Raises SettingsError with a line for each mistake, such as
    `delivery.toml: environments.prod.tasks.max: 1 is below tasks.min 2; raise it, or lower tasks.min`.
    """
    try:
        table = read_settings_file(file)
    except SettingsFileError as error:
        raise SettingsError([str(error)]) from None
    settings = Settings.model_validate(table, context=Settings)
    if problems := report(settings, table):
        raise SettingsError([f"{file}: {problem}" for problem in problems])
    return settings


def report(settings: Settings, table: Mapping[str, object]) -> list[str]:
    """Return a line for each mistake in settings that were validated with a context, in the order of the file."""
    mistakes = sorted(settings.mistakes(), key=lambda mistake: _position(table, mistake.path))
    return list(dict.fromkeys(f"{dotted(mistake.path)}: {mistake.text}" for mistake in mistakes))


def _position(table: object, path: Path) -> tuple[int, ...]:
    """Return where the value is in the file, to sort by; what the file lacks comes after what it has."""
    if not path:
        return ()
    entries = dict(enumerate(cast(list[object], table))) if isinstance(table, list) else table
    if not isinstance(entries, dict) or path[0] not in entries:
        return (sys.maxsize,)
    return (list(entries).index(path[0]), *_position(entries[path[0]], path[1:]))
