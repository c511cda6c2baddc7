"""Takes secret values out of what is to be shown."""

import json
from collections.abc import Iterable
from typing import Any

MASK = "***"
"""What CodeBuild shows in their place."""
SHORTEST = 6
"""Characters; anything shorter is also an ordinary word, and masking it would make a text unreadable."""


def masked(document: Any, secrets: Iterable[str]) -> Any:
    """Return a document of lists, mappings and texts without the secrets, also where they are part of a text."""
    spelled = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])}
    # The longest first: one secret may be part of another.
    return _masked(document, sorted((value for value in spelled if len(value) >= SHORTEST), key=len, reverse=True))


def _masked(document: Any, secrets: list[str]) -> Any:
    if isinstance(document, dict):
        return {key: _masked(value, secrets) for key, value in document.items()}
    if isinstance(document, list):
        return [_masked(value, secrets) for value in document]
    if isinstance(document, str):
        for secret in secrets:
            document = document.replace(secret, MASK)
    return document
