"""Masks secret values in what is shown."""

import json
from collections.abc import Iterable
from typing import Any

MASK = "***"
"""As CodeBuild masks them."""
SHORTEST = 6
"""Characters. Shorter secrets could be ordinary words; masking them would make texts unreadable."""


def masked(document: Any, secrets: Iterable[str]) -> Any:
    """Return a document of dicts, lists, tuples and strings with every secret masked, also within longer strings."""
    spelled = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])}
    # Longest first, because one secret may contain another.
    return _masked(document, sorted((value for value in spelled if len(value) >= SHORTEST), key=len, reverse=True))


def _masked(document: Any, secrets: list[str]) -> Any:
    if isinstance(document, dict):
        return {key: _masked(value, secrets) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [_masked(value, secrets) for value in document]
    if isinstance(document, str):
        for secret in secrets:
            document = document.replace(secret, MASK)
    return document
