"""Masks known secrets in log lines."""

import base64
import hashlib
import json
import re
import threading
from typing import Final
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

MASK: Final = "***"
SHORTEST: Final = 4
"""Minimum length of a masked secret; a shorter one would mask ordinary text."""


class Secrets:
    """The secrets of one task; thread-safe."""

    def __init__(self, *values: str) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*values)

    def add(self, *values: str) -> None:
        """Mask these from now on: as they are, hashed as YAWL hashes passwords, and encoded."""
        forms = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
        with self._lock:
            if forms <= self._forms:
                return
            self._forms |= forms
            # Longest first, because a form may contain another one.
            longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def mask(self, text: str) -> str:
        """Return the text with its secrets masked."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub(MASK, text)


def _forms(value: str) -> set[str]:
    """Return how a secret may appear in a log: plain or hashed, each as URLs, XML, JSON and Base64 write it."""
    digest = hashlib.sha1(value.encode(), usedforsecurity=False).digest()
    plain = {
        value,
        # YAWL stores and sends Base64 of SHA-1, and its API accepts that in the password's place.
        base64.b64encode(digest).decode(),
        digest.hex(),
    }
    encoded = {base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode()}
    written = {
        form
        for text in plain
        for form in (text, quote(text), quote(text, safe=""), quote_plus(text), escape(text, {'"': "&quot;"}))
    }
    forms = written | encoded
    # A text with JSON in it is written as JSON once more.
    for _ in range(2):
        forms |= {json.dumps(form, ensure_ascii=False)[1:-1] for form in forms}
    return forms
