"""Reads `delivery.toml`."""

from pathlib import Path

from pydantic import ValidationError

from settings.model import Settings
from settings.validation import toml_file
from settings.validation.errors import SettingsError
from settings.validation.report import report


def load(file: Path) -> Settings:
    """Return the settings in `file`.

    Raises SettingsError with a line for each mistake, such as
    `delivery.toml: environments.prod.tasks.max: 1 is below tasks.min 2`.
    """
    table = toml_file.read(file)
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        problems = report(table, error)
    raise SettingsError([f"{file}: {problem}" for problem in problems])
