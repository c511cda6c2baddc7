"""Reads `delivery.toml`."""

import tomllib
from pathlib import Path

from settings.model import Settings


def load(file: Path) -> Settings:
    """Return the settings in `file`."""
    return Settings.model_validate(tomllib.loads(file.read_text()))
