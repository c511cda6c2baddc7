"""What templates ask for and the rehearsal does not do is a gap, found before anything starts."""

from typing import Any

import pytest

from cloud_assembly import Stack
from rehearsal.gaps import GapKind
from rehearsal.workloads.ignored import DISABLED, NO_CONTAINERS, NO_SHIFT, SIGNALS, disabled_transitions, ignored

HERE = "in 111111111111/us-east-1"
SERVICE = "AWS::ECS::Service"


def gaps(resource: dict[str, Any] | None = None, **template: Any) -> list[tuple[GapKind, str, str]]:
    found = {"Resources": {"One": resource} if resource else {}, **template}
    stack = Stack(name="shop", account="1" * 12, region="us-east-1", template=found, template_file="shop.json")
    return [(gap.kind, gap.where, gap.reason) for gap in ignored([stack])]


BALANCED = [{"TargetGroupArn": "group", "ContainerName": "web"}]
RESOURCES: list[tuple[dict[str, Any], tuple[GapKind, str] | None]] = [
    ({"Type": "AWS::Lambda::Alias", "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {}}}, None),
    (
        {"Type": "AWS::Lambda::Alias", "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {"ApplicationName": "a"}}},
        (GapKind.ACTION, NO_SHIFT),
    ),
    (
        {
            "Type": SERVICE,
            "Properties": {"LoadBalancers": BALANCED, "DeploymentController": {"Type": "CODE_DEPLOY"}},
        },
        (GapKind.ACTION, NO_SHIFT),
    ),
    ({"Type": SERVICE, "Properties": {"LoadBalancers": BALANCED, "DeploymentController": {"Type": "ECS"}}}, None),
    (
        {"Type": "AWS::AutoScaling::AutoScalingGroup", "CreationPolicy": {"ResourceSignal": {"Count": 1}}},
        (GapKind.EMULATOR, SIGNALS),
    ),
    (
        {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "UpdatePolicy": {"AutoScalingRollingUpdate": {"WaitOnResourceSignals": True}},
        },
        (GapKind.EMULATOR, SIGNALS),
    ),
    ({"Type": "AWS::AutoScaling::AutoScalingGroup", "UpdatePolicy": {"AutoScalingRollingUpdate": {}}}, None),
    ({"Type": "AWS::CloudFormation::WaitCondition"}, (GapKind.EMULATOR, SIGNALS)),
    ({"Type": "AWS::SNS::Topic"}, None),
]


@pytest.mark.parametrize(("resource", "gap"), RESOURCES)
def test_policy_of_a_resource(resource: dict[str, Any], gap: tuple[GapKind, str] | None) -> None:
    assert gaps(resource) == ([(gap[0], f"shop/One {HERE}", gap[1])] if gap else [])


@pytest.mark.parametrize(
    ("properties", "is_gap"),
    [({}, True), ({"DesiredCount": 2}, True), ({"DesiredCount": 0}, False), ({"LoadBalancers": BALANCED}, False)],
)
def test_service_without_a_load_balancer(properties: dict[str, Any], is_gap: bool) -> None:
    """Nothing shows that its containers run; a workload serves only what is behind load balancers."""
    found = gaps({"Type": SERVICE, "Properties": properties})
    assert found == ([(GapKind.WORKLOAD, f"service shop/One {HERE}", NO_CONTAINERS)] if is_gap else [])


@pytest.mark.parametrize("transform", ["Mine", ["AWS::LanguageExtensions", "Mine"], {"Name": "Mine", "Parameters": {}}])
def test_macro_is_not_run(transform: Any) -> None:
    assert gaps(Transform=transform) == [(GapKind.EMULATOR, "stack shop", "the macro Mine is not run")]
    assert gaps(Transform="AWS::LanguageExtensions") == []


def test_hooks_of_a_template() -> None:
    hooks = {"BlueGreen": {"Type": "AWS::CodeDeploy::BlueGreen"}}
    assert gaps(Hooks=hooks) == [(GapKind.ACTION, "stack shop", NO_SHIFT)]


def test_disabled_transition() -> None:
    transitions = [{"StageName": "Prod", "Reason": "frozen"}]
    [gap] = disabled_transitions({"DisableInboundStageTransitions": transitions})
    assert (gap.kind, gap.where, gap.reason) == (GapKind.ACTION, "Prod", DISABLED)
    assert disabled_transitions({}) == []
