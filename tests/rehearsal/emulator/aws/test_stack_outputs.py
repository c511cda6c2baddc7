"""A stack reads another's output, in its own region or in the one it names."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_assembly import AwsEnvironment
from tests.rehearsal.emulator.conftest import Account, attribute, resource


def output(region: str | None) -> dict[str, Any]:
    where = {"Region": region} if region else {}
    return {"Fn::GetStackOutput": {"StackName": "other", "OutputName": "Name", **where}}


def make_other(account: Account, region: str) -> str:
    """Create a stack `other` in the region and return its output."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"Name": {"Value": {"Ref": "Topic"}}},
    }
    cloudformation = account.cloud.in_account("cloudformation", AwsEnvironment(account.place.account, region))
    cloudformation.create_stack(StackName="other", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="other", WaiterConfig={"Delay": 1})
    [stack] = cloudformation.describe_stacks(StackName="other")["Stacks"]
    [found] = stack["Outputs"]
    return found["OutputValue"]


@pytest.mark.parametrize("region", [None, "eu-west-1", "us-west-2"], ids=["here", "here by name", "elsewhere"])
def test_output_is_read_across_regions(account: Account, region: str | None) -> None:
    arns = {made: make_other(account, made) for made in ("eu-west-1", "us-west-2")}
    account.deploy(Parameter=resource("AWS::SSM::Parameter", Type="String", Name="read", Value=output(region)))
    found = account.client("ssm").get_parameter(Name="read")["Parameter"]["Value"]
    assert found == arns[region or "eu-west-1"]


class TestAnOutputThatChanges:
    """AWS does not document whether an update with the same template reads an output again."""

    COPY = resource("AWS::SSM::Parameter", Type="String", Name="copy", Value=output(None))
    READER = resource("AWS::SSM::Parameter", Type="String", Name="reader", Value=attribute("Copy", "Value"))

    @pytest.fixture(autouse=True)
    def consumer(self, account: Account) -> None:
        make_other(account, "eu-west-1")
        account.deploy(Copy=self.COPY, Reader=self.READER)

    def replace_the_topic(self, account: Account) -> str:
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "another"}}},
            "Outputs": {"Name": {"Value": {"Ref": "Topic"}}},
        }
        cloudformation = account.client("cloudformation")
        cloudformation.update_stack(StackName="other", TemplateBody=json.dumps(template))
        cloudformation.get_waiter("stack_update_complete").wait(StackName="other", WaiterConfig={"Delay": 1})
        return f"arn:aws:sns:eu-west-1:{account.place.account}:another"

    def value(self, account: Account, name: str) -> str:
        return account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    def test_output_is_read_again_when_the_template_changes(self, account: Account) -> None:
        arn = self.replace_the_topic(account)
        marker = resource("AWS::SSM::Parameter", Type="String", Name="marker", Value="2")
        account.deploy(Copy=self.COPY, Reader=self.READER, Marker=marker)
        assert self.value(account, "copy") == arn

    def test_consumers_are_updated_with_the_copy(self, account: Account) -> None:
        arn = self.replace_the_topic(account)
        marker = resource("AWS::SSM::Parameter", Type="String", Name="marker", Value="2")
        account.deploy(Copy=self.COPY, Reader=self.READER, Marker=marker)
        assert self.value(account, "reader") == arn

    def test_unchanged_template_reads_nothing(self, account: Account) -> None:
        before = self.value(account, "copy")
        self.replace_the_topic(account)
        with pytest.raises(ClientError, match="No updates are to be performed"):
            account.deploy(Copy=self.COPY, Reader=self.READER)
        assert self.value(account, "copy") == before
