"""Stage conditions: rules evaluated before a stage starts, after it succeeds and when it fails."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import Clock
from rehearsal.engine.cloud import Cloud, Credentials
from rehearsal.engine.definition import Action, Condition, Rule
from rehearsal.engine.deployment_window import Window, WindowError
from rehearsal.engine.variables import UnresolvedVariable, resolve

Namespaces = Mapping[str, Mapping[str, str]]

UnmetCondition = tuple[Condition, str] | None
"""The first unmet condition, and why; None: all are met."""

OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "EQ": lambda actual, expected: actual == expected,
    "NE": lambda actual, expected: actual != expected,
    "CONTAINS": lambda actual, expected: expected in actual,
    "MATCHES": lambda actual, expected: re.fullmatch(expected, actual) is not None,
}
"""Operators of VariableCheck. CodePipeline uses Java's regular expressions, whose common syntax is also Python's."""


ACTIONS: Mapping[str, tuple[str, str]] = {
    "CodeBuild": ("Build", "CodeBuild"),
    "Commands": ("Compute", "Commands"),
    "LambdaInvoke": ("Invoke", "Lambda"),
}
"""The category and provider of the action that does what a rule's provider does.

No page of AWS says how a function answers a rule; here it reports the result of a job, as it does for an action.
"""

RULES = frozenset({"VariableCheck", "CloudWatchAlarm", "DeploymentWindow", *ACTIONS})
"""Providers of rules that are evaluated."""

RunAction = Callable[[Action], str | None]
"""Runs what a rule does as an action, and returns why it failed; None: it did not."""


def no_rule(provider: str) -> str:
    """Return why a rule that is not evaluated is a gap."""
    return f"rules of {provider} are not rehearsed and count as met"


def as_action(rule: Rule, configuration: Mapping[str, str]) -> Action:
    """Return the action that does what the rule does; its name is none that a pipeline's own action can have."""
    category, provider = ACTIONS[rule.provider]
    return Action(
        name=f"rule {rule.name}",
        category=category,
        provider=provider,
        run_order=0,
        configuration=dict(configuration),
        inputs=rule.inputs,
        outputs=(),
        namespace=None,
        role_arn=rule.role_arn,
        region=rule.region,
        timeout_minutes=rule.timeout_minutes,
        is_rule=True,
    )


class ConditionEvaluator:
    """Evaluates conditions on the emulated AWS.

    A rule of another provider than `RULES` counts as met, and one of these that cannot be evaluated as not met.
    """

    def __init__(
        self, cloud: Cloud, home: AwsEnvironment, clock: Clock, caller: Callable[[], Credentials] | None = None
    ) -> None:
        """`caller` returns the credentials with which rules assume their roles; by default the account's own."""
        self._cloud = cloud
        self._home = home
        self._clock = clock
        self._clock_offset = timedelta()
        self._caller = caller or (lambda: Credentials(home.account))
        self._evaluators = {
            "VariableCheck": _check_variable,
            "CloudWatchAlarm": self._check_alarm,
            "DeploymentWindow": _check_window,
        }

    def unmet(self, conditions: tuple[Condition, ...], namespaces: Namespaces, run: RunAction) -> UnmetCondition:
        """Return the first unmet condition and why it is unmet; None if all are met."""
        for condition in conditions:
            for rule in condition.rules:
                if rule.provider in RULES and (reason := self._unmet_reason(rule, namespaces, run)):
                    return condition, f"rule {rule.name}: {reason}"
        return None

    def skip_wait(self, conditions: tuple[Condition, ...]) -> str:
        """Return which deployment window CodePipeline would wait for, or "".

        The rehearsal does not wait: it moves its clock to the opening time. Raises WindowError.
        """
        for condition in conditions:
            for rule in condition.rules:
                if rule.provider == "DeploymentWindow":
                    opens = Window.read(rule.configuration).opens(self._now())
                    if opens > self._now():
                        self._clock_offset += opens - self._now()
                        return f"deployment window opens {opens:%a %Y-%m-%d %H:%M} {opens.tzname()}; wait skipped"
        return ""

    def _now(self) -> datetime:
        return self._clock() + self._clock_offset

    def _unmet_reason(self, rule: Rule, namespaces: Namespaces, run: RunAction) -> str | None:
        try:
            configuration = {name: resolve(value, namespaces) for name, value in rule.configuration.items()}
            if rule.provider in ACTIONS:
                return run(as_action(rule, configuration))
            return self._evaluators[rule.provider](rule, configuration)
        except KeyError as missing:
            return f"{missing.args[0]} is missing from its configuration"
        except (UnresolvedVariable, WindowError, BotoCoreError, ClientError, re.error) as error:
            return str(error)

    def _check_alarm(self, rule: Rule, configuration: Mapping[str, str]) -> str | None:
        name = configuration["AlarmName"]
        unwanted = [state.strip() for state in configuration.get("AlarmStates", "ALARM").split(",")]
        environment = AwsEnvironment(self._home.account, rule.region or self._home.region)
        if rule.role_arn:
            role = self._cloud.assume(rule.role_arn, self._caller(), environment.region)
            client = self._cloud.client("cloudwatch", environment.region, role)
        else:
            client = self._cloud.in_account("cloudwatch", environment)
        found: dict[str, Any] = client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        alarms = found.get("MetricAlarms", []) + found.get("CompositeAlarms", [])
        if not alarms:
            return f"alarm {name} does not exist"
        state = alarms[0]["StateValue"]
        return f"alarm {name} is {state}" if state in unwanted else None


def _check_window(_rule: Rule, configuration: Mapping[str, str]) -> None:
    """Raise WindowError if the window is invalid. A closed window delays its stage and does not fail it."""
    Window.read(configuration)


def _check_variable(_rule: Rule, configuration: Mapping[str, str]) -> str | None:
    actual, operator, expected = configuration["Variable"], configuration["Operator"], configuration["Value"]
    if operator not in OPERATORS:
        return f"the rehearsal does not support the operator {operator}"
    return None if OPERATORS[operator](actual, expected) else f"{actual!r} {operator} {expected!r} is false"
