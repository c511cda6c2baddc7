"""How long the edge keeps an answer, and which requests it takes for the same."""

from email.utils import formatdate
from typing import Any

import pytest

from rehearsal.emulator.services.edge_cache import ENTRIES, EdgeCache, OriginAnswer, key_parts, lifetime

NOW = 1_000_000.0
USUAL = {"MinTTL": 0, "DefaultTTL": 60, "MaxTTL": 600}
EAGER = {"MinTTL": 10, "DefaultTTL": 60, "MaxTTL": 600}
DISABLED = {"MinTTL": 0, "DefaultTTL": 0, "MaxTTL": 0}

LIFETIMES: list[tuple[dict[str, Any], dict[str, Any], float]] = [
    (USUAL, {}, 60),
    (USUAL, {"cache-control": "max-age=30"}, 30),
    (USUAL, {"cache-control": "public, max-age=30, s-maxage=40"}, 40),
    (USUAL, {"cache-control": "max-age=6000"}, 600),
    (USUAL, {"cache-control": ["public", "max-age=30"]}, 30),
    (USUAL, {"cache-control": "no-store"}, 0),
    (USUAL, {"cache-control": "private, max-age=30"}, 0),
    (USUAL, {"cache-control": "max-age=0"}, 0),
    (USUAL, {"cache-control": "max-age=soon"}, 60),
    (USUAL, {"expires": formatdate(NOW + 90, usegmt=True)}, 90),
    (USUAL, {"expires": formatdate(NOW - 90, usegmt=True)}, 0),
    (USUAL, {"expires": "0"}, 0),
    (EAGER, {"cache-control": "no-cache"}, 10),
    (EAGER, {"cache-control": "max-age=1"}, 10),
    (DISABLED, {"cache-control": "max-age=30"}, 0),
    ({}, {}, 86_400),
]


@pytest.mark.parametrize(("policy", "headers", "seconds"), LIFETIMES)
def test_cache_control_within_the_policy_limits(
    policy: dict[str, Any], headers: dict[str, Any], seconds: float
) -> None:
    assert lifetime(headers, policy, NOW) == seconds


QUERY, COOKIES = "a=1&b=2", {"cookie": "x=1; y=2"}
NOTHING = {"QueryStringBehavior": "none", "CookieBehavior": "none"}


def test_excluded_parts_share_a_cache_entry() -> None:
    policy = {"Parameters": NOTHING}
    assert key_parts(policy, QUERY, COOKIES) == key_parts(policy, "", {"authorization": "me"})


Request = tuple[str, dict[str, str]]
"""A query and headers."""

KEYS: list[tuple[dict[str, Any], Request, Request, bool]] = [
    ({"QueryStringBehavior": "all"}, ("a=1", {}), ("a=2", {}), False),
    ({"QueryStringBehavior": "whitelist", "QueryStrings": ["a"]}, ("a=1&b=1", {}), ("a=1&b=2", {}), True),
    ({"QueryStringBehavior": "allExcept", "QueryStrings": ["a"]}, ("a=1&b=1", {}), ("a=2&b=2", {}), False),
    ({"CookieBehavior": "all"}, ("", {"cookie": "x=1"}), ("", {"cookie": "x=2"}), False),
    ({"CookieBehavior": "whitelist", "Cookies": ["y"]}, ("", {"cookie": "x=1"}), ("", {"cookie": "x=2"}), True),
    ({"HeaderBehavior": "whitelist", "Headers": ["Origin"]}, ("", {"origin": "a"}), ("", {"origin": "b"}), False),
    ({"HeaderBehavior": "whitelist", "Headers": ["Origin"]}, ("", {}), ("", {"accept": "b"}), True),
]


@pytest.mark.parametrize(("parameters", "one", "other", "same"), KEYS)
def test_included_parts_separate_cache_entries(
    parameters: dict[str, Any], one: Request, other: Request, same: bool
) -> None:
    policy = {"Parameters": {**NOTHING, **parameters}}
    assert (key_parts(policy, *one) == key_parts(policy, *other)) is same


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_response_is_cached_for_its_ttl_with_an_age() -> None:
    clock = Clock()
    cache = EdgeCache(clock)
    answer = OriginAnswer(200, "OK", {}, b"kept")
    cache.keep(("a",), answer, 10)
    clock.now = 9.9
    assert cache.get(("a",)) == (answer, 9)
    clock.now = 10
    assert cache.get(("a",)) is None


def test_least_recently_used_entry_is_evicted() -> None:
    cache = EdgeCache(Clock())
    for number in range(ENTRIES):
        cache.keep((number,), OriginAnswer(200, "OK", {}, b""), 10)
    assert cache.get((0,))
    cache.keep(("new",), OriginAnswer(200, "OK", {}, b""), 10)
    assert cache.get((0,))
    assert cache.get((1,)) is None
