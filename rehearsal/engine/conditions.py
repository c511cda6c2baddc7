"""Stage conditions: rules asked before a stage is entered, after it succeeded, and when it failed."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.actions.run import Clock
from rehearsal.engine.cloud import AwsEnvironment, Cloud, Credentials
from rehearsal.engine.definition import Condition, Rule
from rehearsal.engine.deployment_window import Window, WindowError
from rehearsal.engine.variables import UnresolvedVariable, resolve

Namespaces = Mapping[str, Mapping[str, str]]

UnmetCondition = tuple[Condition, str] | None
"""A condition that does not hold, and why; None: all hold."""

OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "EQ": lambda actual, wanted: actual == wanted,
    "NE": lambda actual, wanted: actual != wanted,
    "CONTAINS": lambda actual, wanted: wanted in actual,
    "MATCHES": lambda actual, wanted: re.fullmatch(wanted, actual) is not None,
}
"""How a VariableCheck compares. CodePipeline's regular expressions are Java's; the common ones are written alike."""


class ConditionEvaluator:
    """Judges conditions against the emulated AWS. A rule it cannot judge counts as not held, never as held."""

    def __init__(
        self, cloud: Cloud, home: AwsEnvironment, clock: Clock, caller: Callable[[], Credentials] | None = None
    ) -> None:
        """`caller` gives the pipeline's credentials, by which rules assume their roles; by default the account's."""
        self._cloud = cloud
        self._home = home
        self._clock = clock
        self._ahead = timedelta()
        self._caller = caller or (lambda: Credentials(home.account))
        self._judges = {
            "VariableCheck": _variable_objection,
            "CloudWatchAlarm": self._alarm_objection,
            "DeploymentWindow": _window_objection,
        }

    def unmet(self, conditions: tuple[Condition, ...], namespaces: Namespaces) -> UnmetCondition:
        """Return the first condition that does not hold, and why; None if all hold."""
        for condition in conditions:
            for rule in condition.rules:
                if reason := self._objection(rule, namespaces):
                    return condition, f"rule {rule.name}: {reason}"
        return None

    def waits(self, conditions: tuple[Condition, ...]) -> str:
        """Return for what the conditions would wait in CodePipeline, where the rehearsal goes on; empty if for nothing.

        The clock then stands where the waiting would have ended. Raises WindowError.
        """
        for condition in conditions:
            for rule in condition.rules:
                if rule.provider == "DeploymentWindow":
                    opens = Window.read(rule.configuration).opens(self._now())
                    if opens > self._now():
                        self._ahead += opens - self._now()
                        return f"its window opens {opens:%a %Y-%m-%d %H:%M} {opens.tzname()}; not waited for"
        return ""

    def _now(self) -> datetime:
        return self._clock() + self._ahead

    def _objection(self, rule: Rule, namespaces: Namespaces) -> str | None:
        try:
            configuration = {name: resolve(value, namespaces) for name, value in rule.configuration.items()}
            judge = self._judges.get(rule.provider)
            return judge(rule, configuration) if judge else f"the rehearsal cannot judge {rule.provider}"
        except KeyError as missing:
            return f"its configuration has no {missing.args[0]}"
        except (UnresolvedVariable, WindowError, BotoCoreError, ClientError, re.error) as error:
            return str(error)

    def _alarm_objection(self, rule: Rule, configuration: Mapping[str, str]) -> str | None:
        name = configuration["AlarmName"]
        unwanted = [state.strip() for state in configuration.get("AlarmStates", "ALARM").split(",")]
        place = AwsEnvironment(self._home.account, rule.region or self._home.region)
        if rule.role_arn:
            role = self._cloud.assume(rule.role_arn, self._caller(), place.region)
            client = self._cloud.client("cloudwatch", place.region, role)
        else:
            client = self._cloud.in_account("cloudwatch", place)
        found: dict[str, Any] = client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        alarms = found.get("MetricAlarms", []) + found.get("CompositeAlarms", [])
        if not alarms:
            return f"there is no alarm {name}"
        state = alarms[0]["StateValue"]
        return f"alarm {name} is {state}" if state in unwanted else None


def _window_objection(_rule: Rule, configuration: Mapping[str, str]) -> None:
    """Raise WindowError for a window that cannot be understood; closed, it lets its stage wait and not fail."""
    Window.read(configuration)


def _variable_objection(_rule: Rule, configuration: Mapping[str, str]) -> str | None:
    actual, operator, wanted = configuration["Variable"], configuration["Operator"], configuration["Value"]
    if operator not in OPERATORS:
        return f"the rehearsal does not know the operator {operator}"
    return None if OPERATORS[operator](actual, wanted) else f"{actual!r} {operator} {wanted!r} does not hold"
