"""CloudFront's cache: cache keys and lifetimes by cache policy."""

import email.utils
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

ENTRIES = 256
"""The most answers in the cache; the least recently used is evicted."""
DEFAULT_TTL, MAX_TTL = 86_400, 31_536_000
"""CloudFront's own limits in seconds, where a policy has none."""

Headers = Mapping[str, Any]
"""By lower-case name; a repeated header has a list."""
Key = tuple[Any, ...]


@dataclass(frozen=True)
class OriginAnswer:
    """What an origin has answered."""

    status: int
    reason: str
    headers: Headers
    body: bytes


class EdgeCache:
    """Answers of origins by key, each until it expires."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[Key, tuple[float, float, OriginAnswer]] = OrderedDict()

    def get(self, key: Key) -> tuple[OriginAnswer, int] | None:
        """Return the answer kept under `key` and its age in seconds."""
        found = self._entries.get(key)
        if found is None:
            return None
        kept, seconds, answer = found
        age = self._clock() - kept
        if age >= seconds:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return answer, int(age)

    def keep(self, key: Key, answer: OriginAnswer, seconds: float) -> None:
        """Keep an answer for some seconds."""
        self._entries[key] = (self._clock(), seconds, answer)
        self._entries.move_to_end(key)
        while len(self._entries) > ENTRIES:
            self._entries.popitem(last=False)


def lifetime(headers: Headers, policy: Mapping[str, Any], now: float) -> float:
    """Return for how many seconds an answer with these headers is cached; 0: not at all.

    As at CloudFront: a maximum of 0 disables caching; the origin's headers apply within the policy's limits.
    """
    least, most = policy.get("MinTTL", 0), policy.get("MaxTTL", MAX_TTL)
    if most == 0:
        return 0
    directives = _directives(_joined(headers.get("cache-control", "")))
    if directives.keys() & {"no-store", "no-cache", "private"}:
        return least
    for name in ("s-maxage", "max-age"):
        if directives.get(name, "").isdigit():
            return min(max(int(directives[name]), least), most)
    if expires := headers.get("expires"):
        try:
            seconds = email.utils.parsedate_to_datetime(_joined(expires)).timestamp() - now
        except ValueError:
            return least
        return min(max(seconds, least), most)
    return min(max(policy.get("DefaultTTL", DEFAULT_TTL), least), most)


def key_parts(policy: Mapping[str, Any], query: str, headers: Headers) -> Key:
    """Return the parts of the cache key that the policy takes from query, cookies and headers."""
    parameters = policy.get("Parameters") or {}
    pairs = parse_qsl(query, keep_blank_values=True)
    cookies = [(name, morsel.value) for name, morsel in SimpleCookie(_joined(headers.get("cookie", ""))).items()]
    named = [(name.lower(), headers.get(name.lower())) for name in parameters.get("Headers", ())]
    return (
        tuple(_chosen(pairs, parameters.get("QueryStringBehavior"), parameters.get("QueryStrings", ()))),
        tuple(_chosen(cookies, parameters.get("CookieBehavior"), parameters.get("Cookies", ()))),
        tuple((name, _joined(value)) for name, value in named if value is not None),
    )


def _chosen(pairs: Iterable[tuple[str, str]], behavior: str | None, names: Iterable[str]) -> list[tuple[str, str]]:
    if behavior == "all":
        return list(pairs)
    if behavior == "whitelist":
        return [pair for pair in pairs if pair[0] in names]
    if behavior == "allExcept":
        return [pair for pair in pairs if pair[0] not in names]
    return []


def _directives(text: str) -> dict[str, str]:
    parts = (part.strip().partition("=") for part in text.lower().split(","))
    return {name.strip(): value.strip(' "') for name, _, value in parts if name.strip()}


def _joined(value: str | list[str]) -> str:
    return ", ".join(value) if isinstance(value, list) else value
