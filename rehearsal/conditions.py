"""Stage conditions: rules asked before a stage is entered, after it succeeded, and when it failed."""

import re
from collections.abc import Mapping
from typing import Any

from rehearsal.cloud import Cloud, Place
from rehearsal.definition import Condition, Rule
from rehearsal.variables import UnresolvedVariable, resolve

Namespaces = Mapping[str, Mapping[str, str]]


class Judge:
    """Judges conditions against the emulated AWS. A rule it cannot judge counts as not held, never as held."""

    def __init__(self, cloud: Cloud, home: Place) -> None:
        self._cloud = cloud
        self._home = home

    def unmet(self, conditions: tuple[Condition, ...], namespaces: Namespaces) -> tuple[Condition, str] | None:
        """Return the first condition that does not hold, and why; None if all hold."""
        for condition in conditions:
            for rule in condition.rules:
                if reason := self._objection(rule, namespaces):
                    return condition, f"rule {rule.name}: {reason}"
        return None

    def _objection(self, rule: Rule, namespaces: Namespaces) -> str | None:
        try:
            configuration = {name: resolve(value, namespaces) for name, value in rule.configuration.items()}
        except UnresolvedVariable as error:
            return str(error)
        if rule.provider == "VariableCheck":
            return _variable_objection(configuration)
        if rule.provider == "CloudWatchAlarm":
            return self._alarm_objection(configuration)
        return f"the rehearsal cannot judge {rule.provider}"

    def _alarm_objection(self, configuration: Mapping[str, str]) -> str | None:
        name = configuration["AlarmName"]
        unwanted = [state.strip() for state in configuration.get("AlarmStates", "ALARM").split(",")]
        found: dict[str, Any] = self._cloud.in_account("cloudwatch", self._home).describe_alarms(AlarmNames=[name])
        alarms = found.get("MetricAlarms", []) + found.get("CompositeAlarms", [])
        if not alarms:
            return f"there is no alarm {name}"
        state = alarms[0]["StateValue"]
        return f"alarm {name} is {state}" if state in unwanted else None


def _variable_objection(configuration: Mapping[str, str]) -> str | None:
    actual, operator, wanted = configuration["Variable"], configuration["Operator"], configuration["Value"]
    held = {
        "EQ": actual == wanted,
        "NE": actual != wanted,
        "CONTAINS": wanted in actual,
        "MATCHES": re.search(wanted, actual) is not None if operator == "MATCHES" else False,
    }
    if operator not in held:
        return f"the rehearsal does not know the operator {operator}"
    return None if held[operator] else f"{actual!r} {operator} {wanted!r} does not hold"
