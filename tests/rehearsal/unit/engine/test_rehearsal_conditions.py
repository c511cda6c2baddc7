"""Rules that stand before and behind a stage: a rule that cannot be judged never counts as held."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from typing_extensions import override

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.conditions import ConditionEvaluator
from rehearsal.engine.definition import Action, Condition, Rule
from tests.rehearsal.unit.rehearsal_fakes import HOME, NOON

COMPARISONS = [
    ("abc", "EQ", "abc", True),
    ("abc", "EQ", "ABC", False),
    ("abc", "NE", "ABC", True),
    ("abc", "NE", "abc", False),
    ("abc", "CONTAINS", "b", True),
    ("abc", "CONTAINS", "x", False),
    ("abc", "MATCHES", "a.c", True),
    ("abc", "MATCHES", "b", False),
    ("abc", "MATCHES", ".*b.*", True),
]


class Alarms(Cloud):
    """A cloud with alarms and nothing else."""

    def __init__(self, **states: str) -> None:
        super().__init__("http://localhost:9")
        self._states = states

    @override
    def in_account(self, service: str, environment: AwsEnvironment) -> Any:
        assert (service, environment) == ("cloudwatch", HOME)
        return self

    def describe_alarms(self, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's
        if AlarmNames == ["refused"]:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms")
        assert AlarmTypes == ["MetricAlarm", "CompositeAlarm"]
        return {"MetricAlarms": [{"StateValue": self._states[name]} for name in AlarmNames if name in self._states]}


def no_action(action: Action) -> str | None:
    """No rule needs an action."""
    raise AssertionError(action)


def objection(provider: str, configuration: dict[str, str]) -> str | None:
    """Why a single rule is not met."""
    judge = ConditionEvaluator(Alarms(well="OK", firing="ALARM", new="INSUFFICIENT_DATA"), HOME, lambda: NOON)
    condition = Condition("FAIL", (Rule("R", provider, configuration),))
    unmet = judge.unmet((condition,), {"Source": {"Branch": "main"}}, no_action)
    assert unmet is None or unmet[0] is condition
    return unmet[1] if unmet else None


@pytest.mark.parametrize(("actual", "operator", "wanted", "holds"), COMPARISONS)
def test_variables_are_compared(actual: str, operator: str, wanted: str, holds: bool) -> None:
    found = objection("VariableCheck", {"Variable": actual, "Operator": operator, "Value": wanted})
    assert found == (None if holds else f"rule R: {actual!r} {operator} {wanted!r} is false")


def test_references_are_resolved() -> None:
    configuration = {"Variable": "#{Source.Branch}", "Operator": "EQ", "Value": "main"}
    assert objection("VariableCheck", configuration) is None


NEVER_HELD: list[tuple[str, dict[str, str], str]] = [
    ("VariableCheck", {"Variable": "1", "Operator": "GT", "Value": "0"}, "does not support the operator GT"),
    ("VariableCheck", {"Variable": "1", "Operator": "MATCHES", "Value": "("}, "missing )"),
    ("VariableCheck", {"Variable": "1", "Value": "1"}, "Operator is missing"),
    ("VariableCheck", {"Variable": "#{No.One}", "Operator": "EQ", "Value": "#{No.One}"}, "#{No.One} has no value"),
    ("CloudWatchAlarm", {"AlarmName": "firing"}, "alarm firing is ALARM"),
    ("CloudWatchAlarm", {"AlarmName": "new", "AlarmStates": "ALARM, INSUFFICIENT_DATA"}, "is INSUFFICIENT_DATA"),
    ("CloudWatchAlarm", {"AlarmName": "no-such"}, "alarm no-such does not exist"),
    ("CloudWatchAlarm", {"AlarmName": "refused"}, "AccessDenied"),
    ("CloudWatchAlarm", {}, "AlarmName is missing"),
]


@pytest.mark.parametrize(("provider", "configuration", "reason"), NEVER_HELD, ids=[row[2] for row in NEVER_HELD])
def test_broken_rule_fails(provider: str, configuration: dict[str, str], reason: str) -> None:
    found = objection(provider, configuration)
    assert found is not None
    assert reason in found


def test_rule_that_cannot_be_evaluated_counts_as_met() -> None:
    """It is a gap, and says nothing about the release."""
    assert objection("Moon", {"Phase": "full"}) is None


@pytest.mark.parametrize(
    ("provider", "kind"),
    [
        ("LambdaInvoke", ("Invoke", "Lambda")),
        ("CodeBuild", ("Build", "CodeBuild")),
        ("Commands", ("Compute", "Commands")),
    ],
)
@pytest.mark.parametrize("failure", [None, "changes are frozen"])
def test_rule_that_runs_something_is_run_as_an_action(
    provider: str, kind: tuple[str, str], failure: str | None
) -> None:
    ran: list[Action] = []

    def run(action: Action) -> str | None:
        ran.append(action)
        return failure

    rule = Rule("R", provider, {"It": "#{Source.Branch}"}, "eu-west-1", "arn:role", ("Code",), 5)
    unmet = ConditionEvaluator(Alarms(), HOME, lambda: NOON).unmet(
        (Condition("FAIL", (rule,)),), {"Source": {"Branch": "main"}}, run
    )
    assert (unmet and unmet[1]) == (failure and f"rule R: {failure}")
    [action] = ran
    assert (action.category, action.provider) == kind
    assert (action.name, action.configuration, action.inputs) == ("rule R", {"It": "main"}, ("Code",))
    assert (action.region, action.role_arn, action.timeout_minutes) == ("eu-west-1", "arn:role", 5)


@pytest.mark.parametrize("alarm", ["well", "new"])
def test_alarm_rule_passes_without_an_alarm(alarm: str) -> None:
    assert objection("CloudWatchAlarm", {"AlarmName": alarm}) is None


def test_all_rules_must_pass() -> None:
    def rule(value: str) -> Rule:
        return Rule(value, "VariableCheck", {"Variable": "1", "Operator": "EQ", "Value": value})

    judge = ConditionEvaluator(Alarms(), HOME, lambda: NOON)
    good, bad = Condition("FAIL", (rule("1"),)), Condition("SKIP", (rule("1"), rule("2")))
    assert judge.unmet((), {}, no_action) is None
    assert judge.unmet((good, good), {}, no_action) is None
    assert judge.unmet((good, bad), {}, no_action) == (bad, "rule 2: '1' EQ '2' is false")
