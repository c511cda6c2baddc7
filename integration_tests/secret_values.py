"""Masks secrets in everything the tests show, in all their likely encodings."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_LEAST_PREFIX = 4
"""Minimum length of a secret's beginning that is masked at the end of a text, where a response may be cut."""


class SecretValues:
    """The secrets of a run. Code adds them as soon as it reads them, and passes everything it shows to `hide`."""

    def __init__(self) -> None:
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        """Show no secret."""
        return "SecretValues()"

    def add(self, value: str) -> None:
        """Add a secret."""
        if not value:
            return
        self._spellings |= {spelling for spelling in _spellings(value) if spelling}
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def hide(self, text: str) -> str:
        """Mask the secrets in a text, including the beginning of one at its end."""
        if self._pattern is None:
            return text
        text = self._pattern.sub(HIDDEN, text)
        for length in range(min(len(text), max(map(len, self._spellings))), _LEAST_PREFIX - 1, -1):
            ending = text[-length:].lower()
            if any(spelling.lower().startswith(ending) for spelling in self._spellings):
                return text[:-length] + HIDDEN
        return text


def _spellings(value: str) -> set[str]:
    data = value.encode()
    return {
        value,
        " ".join(value.split()),
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value),
        html.escape(value, quote=False),
        repr(value)[1:-1],
        ascii(value)[1:-1],
        base64.b64encode(data).decode().rstrip("="),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
    }
