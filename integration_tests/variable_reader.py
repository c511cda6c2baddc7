"""Reads environment variables and collects mistakes."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

REGION = r"[a-z]{2}(-[a-z]+)+-\d"


class Reader:
    """Reads variables one by one and collects all mistakes."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.mistakes: list[str] = []

    def text(self, name: str, meaning: str, pattern: str = r"\S.*", default: str | None = None) -> str:
        """Return a text that matches the pattern; required unless there is a default."""
        value = self._variables.get(name, "").strip() or default
        if value is None:
            self.mistakes.append(f"{name} is missing: {meaning}")
            return ""
        if not re.fullmatch(pattern, value):
            self.refuse(name, value, f"is not {meaning}")
        return value

    def optional(self, name: str, meaning: str, pattern: str) -> str | None:
        """Return a text that matches the pattern, or None if the variable is missing or empty."""
        return self.text(name, meaning, pattern, default="") if self._variables.get(name, "").strip() else None

    def count(self, name: str, meaning: str) -> int:
        """Return a required whole number."""
        value = self.text(name, meaning, r"\d{1,6}")
        return int(value) if re.fullmatch(r"\d{1,6}", value) else 0

    def truth(self, name: str, meaning: str) -> bool:
        """Return a required `true` or `false`."""
        return self.text(name, f"{meaning}: true or false", "true|false") == "true"

    def number(
        self, name: str, meaning: str, default: float, *, least: float, most: float = 999_999, whole: bool = False
    ) -> float:
        """Return a decimal number between the limits, inclusive."""
        text = self._variables.get(name, "").strip()
        if not text:
            return default
        if not re.fullmatch(r"\d{1,6}" if whole else r"\d{1,6}(\.\d{1,6})?", text) or not least <= float(text) <= most:
            self.refuse(name, text, f"is not {meaning}")
            return default
        return float(text)

    def url(self, name: str, meaning: str, default: str | None = None) -> str:
        """Return an address without credentials, query and trailing slash."""
        value = self.text(name, meaning, r"|\S.*", default=default).rstrip("/")
        if not value:
            return value
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port  # urlsplit checks the port only on access
        except ValueError as error:
            self.refuse(name, value, f"is not {meaning} ({error})")
            return ""
        if "@" in parts.netloc:
            self.mistakes.append(f"{name} contains a user name or password; it must be {meaning}")
        elif parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or " " in value:
            self.refuse(name, value, f"is not {meaning}")
        return value

    def refuse(self, name: str, value: str, fault: str) -> None:
        """Record a mistake; `fault` follows the variable's name."""
        self.mistakes.append(f"{name} {fault}: {value[:100]!r}")
