"""Condition operators and keys (IAM User Guide, "IAM JSON policy elements: Condition operators")."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from rehearsal.emulator.permissions.policy import Conditions, matches

Value = str | Sequence[str]
Context = Mapping[str, Value]
"""The condition keys of a request, in lower case; a key with several values has a list. Absent keys are left out."""

ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def hold(conditions: Conditions, context: Context) -> bool:
    """Whether all conditions of a statement hold."""
    return all(
        _holds(operator, context.get(key.lower()), [expand(value, context) or "" for value in values])
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def expand(pattern: str, context: Context) -> str | None:
    """Return a pattern with its policy variables replaced; None if the request lacks such a key."""
    if "${" not in pattern:
        return pattern
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = match[1].partition(",")
        name = name.strip()
        if name in ("*", "?", "$"):
            return name
        found = context.get(name.lower())
        if isinstance(found, str):
            return found
        if default:
            return default.strip().strip("'")
        missing = True
        return ""

    expanded = _VARIABLE.sub(value, pattern)
    return None if missing else expanded


def _holds(operator: str, actual: Value | None, expected: list[str]) -> bool:
    name = operator.lower()
    if name == "null":
        return (actual is None) == (expected[0].lower() == "true")
    quantifier, _, name = name.rpartition(":")
    if name.endswith("ifexists"):
        if actual is None:
            return True
        name = name.removesuffix("ifexists")
    negated = name in _NEGATED
    test = _OPERATORS[_NEGATED.get(name, name)]
    values = [] if actual is None else [actual] if isinstance(actual, str) else list(actual)

    def fits(value: str) -> bool:
        return any(test(value, pattern) for pattern in expected) != negated

    if quantifier == "forallvalues":
        return all(map(fits, values))
    if quantifier == "foranyvalue":
        return any(map(fits, values))
    # An absent key fails an operator and satisfies a negated one.
    return negated if actual is None else any(map(fits, values))


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def test(actual: str, expected: str) -> bool:
        try:
            return compare(float(actual), float(expected))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    def test(actual: str, expected: str) -> bool:
        try:
            return compare(_moment(actual), _moment(expected))
        except ValueError:
            return False

    return test


def _moment(text: str) -> datetime:
    if text.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _address(actual: str, expected: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


def arn_matches(actual: str, expected: str) -> bool:
    """Whether an ARN matches a pattern, each of its six parts by itself."""
    parts, patterns = actual.split(":", ARN_PARTS - 1), expected.split(":", ARN_PARTS - 1)
    if len(patterns) < ARN_PARTS:
        return matches(actual, expected)
    return len(parts) == ARN_PARTS and all(map(matches, parts, patterns))


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda actual, expected: actual == expected,
    "stringequalsignorecase": lambda actual, expected: actual.lower() == expected.lower(),
    "stringlike": matches,
    "numericequals": _number(lambda a, b: a == b),
    "numericlessthan": _number(lambda a, b: a < b),
    "numericlessthanequals": _number(lambda a, b: a <= b),
    "numericgreaterthan": _number(lambda a, b: a > b),
    "numericgreaterthanequals": _number(lambda a, b: a >= b),
    "dateequals": _date(lambda a, b: a == b),
    "datelessthan": _date(lambda a, b: a < b),
    "datelessthanequals": _date(lambda a, b: a <= b),
    "dategreaterthan": _date(lambda a, b: a > b),
    "dategreaterthanequals": _date(lambda a, b: a >= b),
    "bool": lambda actual, expected: actual.lower() == expected.lower(),
    "binaryequals": lambda actual, expected: actual == expected,
    "ipaddress": _address,
    "arnequals": arn_matches,
    "arnlike": arn_matches,
}
_NEGATED: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}
