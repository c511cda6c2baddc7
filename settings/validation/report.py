"""Collects all that is wrong with the settings, in the order of the file."""

import sys
from collections.abc import Mapping
from typing import cast

from pydantic import ValidationError

from settings.model import Settings
from settings.sections.base import BROKEN_RULE, Path
from settings.validation.draft import draft
from settings.validation.error_messages import meant, of_one_value, of_values_together
from settings.validation.toml_format import dotted


def report(table: Mapping[str, object], error: ValidationError) -> list[str]:
    """Return a line for each mistake.

    Pydantic stops at values that are wrong in themselves; the rules between values are therefore asked again, of what
    is left of the settings without those.
    """
    errors = [details for details in error.errors(include_url=False) if details["type"] != BROKEN_RULE]
    settings = draft(Settings, table, [details["loc"] for details in errors])
    misspelt = {meant(details["loc"]) for details in errors if details["type"] == "extra_forbidden"}
    mistakes = [
        *(
            of_one_value(details)
            for details in errors
            if details["type"] != "missing" or details["loc"] not in misspelt
        ),
        *(of_values_together(mistake, settings) for mistake in settings.mistakes()),
    ]
    mistakes.sort(key=lambda mistake: _place_in_file(table, mistake.path))
    return list(dict.fromkeys(f"{dotted(mistake.path)}: {mistake.text}" for mistake in mistakes))


def _place_in_file(table: Mapping[str, object], path: Path) -> tuple[int, ...]:
    place: list[int] = []
    value: object = table
    for step in path:
        entries = dict(enumerate(value)) if isinstance(value, list) else value
        if not isinstance(entries, dict) or step not in entries:
            # What the file lacks comes behind what it has.
            return (*place, sys.maxsize)
        place.append(list(entries).index(step))
        value = cast(dict[str | int, object], entries)[step]
    return tuple(place)
