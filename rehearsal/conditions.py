"""Stage conditions: rules asked before a stage is entered, after it succeeded, and when it failed."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloud import Cloud, Credentials, Place
from rehearsal.definition import Condition, Rule
from rehearsal.variables import UnresolvedVariable, resolve

Namespaces = Mapping[str, Mapping[str, str]]

OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "EQ": lambda actual, wanted: actual == wanted,
    "NE": lambda actual, wanted: actual != wanted,
    "CONTAINS": lambda actual, wanted: wanted in actual,
    "MATCHES": lambda actual, wanted: re.fullmatch(wanted, actual) is not None,
}
"""How a VariableCheck compares. CodePipeline's regular expressions are Java's; the common ones are written alike."""


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
            if rule.provider == "VariableCheck":
                return _variable_objection(configuration)
            if rule.provider == "CloudWatchAlarm":
                return self._alarm_objection(rule, configuration)
        except UnresolvedVariable as error:
            return str(error)
        except KeyError as missing:
            return f"its configuration has no {missing.args[0]}"
        except (BotoCoreError, ClientError, re.error) as error:
            return str(error)
        return f"the rehearsal cannot judge {rule.provider}"

    def _alarm_objection(self, rule: Rule, configuration: Mapping[str, str]) -> str | None:
        name = configuration["AlarmName"]
        unwanted = [state.strip() for state in configuration.get("AlarmStates", "ALARM").split(",")]
        place = Place(self._home.account, rule.region or self._home.region)
        if rule.role_arn:
            caller = Credentials(self._home.account)
            client = self._cloud.client(
                "cloudwatch", place.region, self._cloud.assume(rule.role_arn, caller, place.region)
            )
        else:
            client = self._cloud.in_account("cloudwatch", place)
        found: dict[str, Any] = client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        alarms = found.get("MetricAlarms", []) + found.get("CompositeAlarms", [])
        if not alarms:
            return f"there is no alarm {name}"
        state = alarms[0]["StateValue"]
        return f"alarm {name} is {state}" if state in unwanted else None


def _variable_objection(configuration: Mapping[str, str]) -> str | None:
    actual, operator, wanted = configuration["Variable"], configuration["Operator"], configuration["Value"]
    if operator not in OPERATORS:
        return f"the rehearsal does not know the operator {operator}"
    return None if OPERATORS[operator](actual, wanted) else f"{actual!r} {operator} {wanted!r} does not hold"
