"""A stack reads another's output, in its own region or in the one it names."""

import json
from typing import Any

import pytest

from rehearsal.cloud import Place
from tests.emulator.conftest import Account, resource


def output(region: str | None) -> dict[str, Any]:
    where = {"Region": region} if region else {}
    return {"Fn::GetStackOutput": {"StackName": "other", "OutputName": "Name", **where}}


def make_other(account: Account, region: str) -> str:
    """Make a stack named `other` in the region; return what its output says."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"Name": {"Value": {"Ref": "Topic"}}},
    }
    cloudformation = account.cloud.in_account("cloudformation", Place(account.place.account, region))
    cloudformation.create_stack(StackName="other", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="other", WaiterConfig={"Delay": 1})
    [stack] = cloudformation.describe_stacks(StackName="other")["Stacks"]
    [found] = stack["Outputs"]
    return found["OutputValue"]


@pytest.mark.parametrize("region", [None, "eu-west-1", "us-west-2"], ids=["here", "here by name", "elsewhere"])
def test_an_output_is_read_where_it_is(account: Account, region: str | None) -> None:
    arns = {made: make_other(account, made) for made in ("eu-west-1", "us-west-2")}
    account.deploy(Parameter=resource("AWS::SSM::Parameter", Type="String", Name="read", Value=output(region)))
    found = account.client("ssm").get_parameter(Name="read")["Parameter"]["Value"]
    assert found == arns[region or "eu-west-1"]
