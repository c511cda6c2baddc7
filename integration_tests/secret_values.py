"""What must never be shown: values known to be secret, in every way they are likely to be written."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_LEAST_PREFIX = 4
"""Letters of a secret at the end of a text that are taken for the beginning of it: an answer may break off there."""


class SecretValues:
    """Secrets of a run. They are told to it as soon as they are read, and everything shown goes through `hide`."""

    def __init__(self) -> None:
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        """Say nothing of them."""
        return "SecretValues()"

    def add(self, value: str) -> None:
        """Know one more secret."""
        if not value:
            return
        self._spellings |= {spelling for spelling in _spellings(value) if spelling}
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def hide(self, text: str) -> str:
        """Return the text without the secrets, also without the beginning of one where the text breaks off."""
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
