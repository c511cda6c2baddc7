"""What refers to a resource, in its stack and in others; the change review and the rehearsal use the same code."""

from typing import Any

import pytest

from cloud_assembly.references import consumers, is_copy, references, stack_outputs

OUTPUT = {"Fn::GetStackOutput": {"StackName": "network", "OutputName": "Id"}}
NETWORK: dict[str, Any] = {
    "Resources": {"Vpc": {"Type": "T"}, "Subnet": {"Type": "T", "Properties": {"VpcId": {"Ref": "Vpc"}}}},
    "Outputs": {"Id": {"Value": {"Ref": "Vpc"}, "Export": {"Name": "network-id"}}},
}


def read_by(**resources: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The stack, resource and property of each consumer of the VPC."""
    found = consumers({"network": NETWORK, "service": {"Resources": resources}}, {"network": {"Vpc"}})
    assert {(one.source_stack, one.source) for one in found} == {("network", "Vpc")}
    return [(one.stack, one.logical_id, one.property) for one in found]


def test_every_form_of_a_reference_is_read() -> None:
    value = {
        "Ref": {"Ref": "A"},
        "GetAtt": [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::GetAtt": "C.Arn"}],
        "Sub": {"Fn::Sub": ["${D} ${E.Arn} ${!Literal} ${Own}", {"Own": {"Ref": "F"}}]},
        "If": {"Fn::If": ["Condition", {"Ref": "G"}, {"Ref": "AWS::NoValue"}]},
    }
    assert references(value) >= {"A", "B", "C", "D", "E", "F", "G"}
    assert "Literal" not in references(value)


def test_every_form_of_an_output_is_read() -> None:
    arn = {"Fn::GetStackOutput": {"StackName": "arn:aws:cloudformation:r:1:stack/edge/id", "OutputName": "Arn"}}
    assert stack_outputs([OUTPUT, arn, {"Fn::ImportValue": "name"}]) == {
        ("network", "Id"),
        ("edge", "Arn"),
        ("", "name"),
    }


@pytest.mark.parametrize(
    ("value", "copy"), [(OUTPUT, True), ({"Fn::ImportValue": "one"}, True), ("a name", False), (None, False)]
)
def test_copy_of_an_output_is_known(value: object, copy: bool) -> None:
    assert is_copy({"Type": "AWS::SSM::Parameter", "Properties": {"Value": value}}) is copy


@pytest.mark.parametrize("value", [OUTPUT, {"Fn::ImportValue": "network-id"}, {"Fn::Join": ["", ["a", OUTPUT]]}])
def test_consumers_in_the_stack_and_in_others_are_found_with_their_property(value: object) -> None:
    assert read_by(Service={"Type": "T", "Properties": {"Network": value, "Other": "x"}}) == [
        ("network", "Subnet", "VpcId"),
        ("service", "Service", "Network"),
    ]


def test_what_reads_a_copy_of_the_output_is_a_consumer_wherever_it_stands_in_the_template() -> None:
    found = read_by(
        Alarm={"Type": "T", "Properties": {"Name": {"Fn::GetAtt": ["Copy", "Value"]}}},
        Copy={"Type": "AWS::SSM::Parameter", "Properties": {"Value": OUTPUT}},
    )
    assert [one[1] for one in found] == ["Subnet", "Alarm", "Copy"]


def test_parameter_that_a_person_set_passes_nothing_on() -> None:
    found = read_by(
        Own={"Type": "AWS::SSM::Parameter", "Properties": {"Value": "x"}},
        Alarm={"Type": "T", "Properties": {"Name": {"Ref": "Own"}}},
    )
    assert [one[1] for one in found] == ["Subnet"]


def test_nothing_consumes_what_is_not_asked_about() -> None:
    assert consumers({"network": NETWORK}, {}) == ()
    assert consumers({"network": NETWORK}, {"network": {"Subnet"}}) == ()
