"""The rehearsal names the consumers of a replaced resource as the change review does; both stand alone."""

import pytest

from jobs.change_review import dependents
from rehearsal.actions import consumers

PROPERTIES = {
    "Ref": {"Ref": "A"},
    "GetAtt": [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::GetAtt": "C.Arn"}],
    "Sub": {"Fn::Sub": ["${D} ${E.Arn} ${!Literal} ${Own}", {"Own": {"Ref": "F"}}]},
    "Outputs": [
        {"Fn::GetStackOutput": {"StackName": "network", "OutputName": "Id"}},
        {"Fn::GetStackOutput": {"StackName": "arn:aws:cloudformation:r:1:stack/edge/id", "OutputName": "Arn"}},
    ],
}


def test_both_read_references_alike() -> None:
    found = dependents.references(PROPERTIES)
    assert found == set(consumers.references(PROPERTIES))
    assert found >= {"A", "B", "C", "D", "E", "F"}
    assert (
        dependents.stack_outputs(PROPERTIES)
        == set(consumers.stack_outputs(PROPERTIES))
        == {
            ("network", "Id"),
            ("edge", "Arn"),
        }
    )


@pytest.mark.parametrize("value", [{"Fn::GetStackOutput": {}}, "a name", None])
def test_both_know_a_copy_of_an_output(value: object) -> None:
    resource = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": value}}
    assert dependents.is_copy(resource) is consumers.is_copy(resource) is isinstance(value, dict)


def test_both_name_who_reads_a_replaced_resource() -> None:
    output = {"Fn::GetStackOutput": {"StackName": "network", "OutputName": "Id"}}
    templates = {
        "network": {
            "Resources": {"Vpc": {"Type": "T"}, "Subnet": {"Type": "T", "Properties": {"VpcId": {"Ref": "Vpc"}}}},
            "Outputs": {"Id": {"Value": {"Ref": "Vpc"}}},
        },
        "service": {
            "Resources": {
                "Copy": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": output}},
                "Alarm": {"Type": "T", "Properties": {"Name": {"Fn::GetAtt": ["Copy", "Value"]}}},
            }
        },
    }
    review = dependents.dependents(
        [(name, one, {"Vpc"} if name == "network" else set()) for name, one in templates.items()]
    )
    rehearsed = consumers.consumers("network", templates, {"Vpc"})
    expected = [("network", "Subnet"), ("service", "Alarm"), ("service", "Copy")]
    assert [(one.stack, one.logical_id) for one in review] == expected
    assert [(one.stack, one.logical_id) for one in rehearsed] == expected
