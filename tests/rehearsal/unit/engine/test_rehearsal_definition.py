"""A definition as GetPipeline gives it, read."""

from typing import Any

import pytest

from rehearsal.engine.definition import Condition, Definition, OnFailure, Rule, parse
from tests.rehearsal.unit.rehearsal_fakes import action, checks, pipeline, stage


def read(*stages: dict[str, Any], **rest: Any) -> Definition:
    return parse(pipeline(*stages, **rest), "us-east-1")


def test_action_is_parsed() -> None:
    document = action("Deploy", run_order=3, namespace="Network", StackName="x") | {
        "inputArtifacts": [{"name": "Synth"}, {"name": "Source"}],
        "outputArtifacts": [{"name": "Out"}],
        "roleArn": "arn:aws:iam::222222222222:role/deploy",
        "region": "eu-west-1",
    }
    [found] = read(stage("Dev", document)).stages[0].actions
    assert (found.name, found.category, found.provider, found.run_order) == ("Deploy", "Build", "Fake", 3)
    assert (found.inputs, found.outputs) == (("Synth", "Source"), ("Out",))
    assert (found.namespace, found.configuration) == ("Network", {"StackName": "x"})
    assert (found.role_arn, found.region) == ("arn:aws:iam::222222222222:role/deploy", "eu-west-1")


def test_omitted_parts_are_empty() -> None:
    document = {"name": "A", "actionTypeId": {"category": "Approval", "provider": "Manual"}}
    [found] = read(stage("Dev", document)).stages[0].actions
    assert (found.run_order, found.configuration, found.inputs, found.outputs) == (1, {}, (), ())
    assert (found.namespace, found.role_arn, found.region) == (None, None, None)


def test_run_orders_are_grouped_in_order() -> None:
    names = {"c": 2, "a": 10, "b": 2, "d": 1}
    [found] = read(stage("Dev", *(action(name, run_order=order) for name, order in names.items()))).stages
    assert [[item.name for item in group] for group in found.run_orders()] == [["d"], ["c", "b"], ["a"]]


def test_conditions_are_parsed() -> None:
    document = stage(
        "Dev", action("a"), beforeEntry=checks("1", "EQ", "1", "SKIP"), onSuccess=checks("2", "NE", "2", "ROLLBACK")
    )
    [found] = read(document).stages

    def condition(result: str, variable: str, operator: str) -> Condition:
        configuration = {"Variable": variable, "Operator": operator, "Value": variable}
        return Condition(result, (Rule("Check", "VariableCheck", configuration),))

    assert found.before_entry == (condition("SKIP", "1", "EQ"),)
    assert found.on_success == (condition("ROLLBACK", "2", "NE"),)
    assert found.on_failure is None


def test_rule_that_runs_commands_is_parsed() -> None:
    rule = {
        "name": "Smoke",
        "ruleTypeId": {"category": "Rule", "provider": "Commands"},
        "commands": ["true", "ls"],
        "inputArtifacts": [{"name": "Code"}],
        "timeoutInMinutes": 5,
    }
    [found] = read(stage("Dev", action("a"), onSuccess={"conditions": [{"rules": [rule]}]})).stages
    expected = Rule("Smoke", "Commands", {"Commands": "true\nls"}, inputs=("Code",), timeout_minutes=5)
    assert found.on_success == (Condition("FAIL", (expected,)),)


FAILURES: list[tuple[dict[str, Any], OnFailure]] = [
    ({"result": "ROLLBACK"}, OnFailure("ROLLBACK", None, ())),
    (
        {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}},
        OnFailure("RETRY", "ALL_ACTIONS", ()),
    ),
    ({"conditions": [{"rules": []}]}, OnFailure(None, None, (Condition("FAIL", ()),))),
]


@pytest.mark.parametrize(("document", "expected"), FAILURES)
def test_failure_handling_is_parsed(document: dict[str, Any], expected: OnFailure) -> None:
    assert read(stage("Dev", action("a"), onFailure=document)).stages[0].on_failure == expected


def test_artifact_store_of_the_home_region() -> None:
    stores = {region: {"type": "S3", "location": f"bucket-{region}"} for region in ("eu-west-1", "us-east-1")}
    found = read(artifactStore=None, artifactStores=stores)
    assert found.artifact_bucket == "bucket-us-east-1"
    assert read().artifact_bucket == "artifacts"


def test_variables_have_their_defaults() -> None:
    assert read(variables=[{"name": "a", "defaultValue": "1"}, {"name": "b"}]).variables == {"a": "1"}


def test_configuration_has_texts_only() -> None:
    """A template may have numbers and truth values, which the API returns as texts."""
    document = action("Source")
    document["configuration"] = {"Poll": False, "Minutes": 5, "Branch": "main"}
    [found] = parse(pipeline(stage("Source", document)), "us-east-1").stages[0].actions
    assert found.configuration == {"Poll": "false", "Minutes": "5", "Branch": "main"}
