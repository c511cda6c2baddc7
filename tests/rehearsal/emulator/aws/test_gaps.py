"""The emulator reports missing features as its own gaps, not as failures of the release."""

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.actions import deploy
from rehearsal.actions.run import ActionFailed, ActionNotEmulated
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import GapKind
from tests.rehearsal.emulator.conftest import Account, attribute, ref, resource
from tests.rehearsal.emulator.library_functions import library_function

if TYPE_CHECKING:
    from tests.rehearsal.emulator.action_runner import Workshop


def network(token: str, block: str) -> dict[str, Any]:
    return {
        "Network": resource("AWS::EC2::VPC", CidrBlock=block),
        "Restricted": resource(
            "Custom::VpcRestrictDefaultSG",
            ServiceToken=token,
            DefaultSecurityGroupId=attribute("Network", "DefaultSecurityGroup"),
        ),
    }


def test_network_with_a_restricted_group_can_be_replaced(account: Account) -> None:
    token = library_function(account, "Custom::VpcRestrictDefaultSG")
    before = account.deploy(**network(token, "10.0.0.0/16"))["Network"]
    after = account.deploy(**network(token, "10.1.0.0/16"))["Network"]
    assert after != before
    groups = account.client("ec2").describe_security_groups()["SecurityGroups"]
    [group] = [item for item in groups if item["VpcId"] == after]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def run(workshop: "Workshop", **resources: dict[str, Any]) -> None:
    workshop.artifact("templates", stack__json=json.dumps({"Resources": resources}))
    configuration = {
        "ActionMode": "CREATE_UPDATE",
        "StackName": "stack",
        "TemplatePath": "templates::stack.json",
        "Capabilities": "CAPABILITY_NAMED_IAM",
    }
    workshop.run(deploy.execute, configuration, inputs=("templates",))


def custom_resource(workshop: "Workshop", runtime: str, code: str) -> dict[str, Any]:
    function = resource(
        "AWS::Lambda::Function",
        Role=workshop.role(workshop.home, "function"),
        Runtime=runtime,
        Handler="index.handler",
        Code={"ZipFile": code},
    )
    return {"Function": function, "Custom": resource("Custom::Probe", ServiceToken=attribute("Function", "Arn"))}


def test_missing_library_of_a_runtime_is_a_gap(workshop: "Workshop") -> None:
    code = "require('@aws-sdk/signature-v4-crt'); exports.handler = async () => {};"
    with pytest.raises(ActionNotEmulated, match="custom resource Custom needs @aws-sdk/signature-v4-crt") as gap:
        run(workshop, **custom_resource(workshop, "nodejs22.x", code))
    assert gap.value.kind is GapKind.CUSTOM_RESOURCE


@pytest.mark.parametrize("library", ["requests", "jinja2", "nothing_of_that_name"])
def test_library_that_lambda_lacks_too_fails_the_deployment(workshop: "Workshop", library: str) -> None:
    with pytest.raises(ActionFailed, match=f"No module named '{library}'"):
        run(
            workshop,
            **custom_resource(workshop, "python3.13", f"import {library}\ndef handler(event, context): pass\n"),
        )


def test_function_with_another_runtime_is_a_gap(workshop: "Workshop") -> None:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("Handler.class", "")
    function = workshop.home.client("lambda").create_function(
        FunctionName="compiled",
        Runtime="java21",
        Role=workshop.role(workshop.home, "function"),
        Handler="Handler::run",
        Code={"ZipFile": memory.getvalue()},
    )
    with pytest.raises(ActionNotEmulated, match=r"needs the runtime java21, which the rehearsal does not run"):
        run(workshop, Custom=resource("Custom::Probe", ServiceToken=function["FunctionArn"]))


def test_call_that_the_emulator_lacks_is_a_gap(workshop: "Workshop") -> None:
    call = json.dumps({"service": "EC2", "action": "describeIpamPools", "physicalResourceId": {"id": "a"}})
    token = library_function(workshop.home, "Custom::AWS")
    with pytest.raises(ActionNotEmulated, match=r"a gap of the rehearsal's emulator.*DescribeIpamPools"):
        run(workshop, Call=resource("Custom::AWS", ServiceToken=token, Create=call))


def test_rejection_by_aws_is_not_a_gap(workshop: "Workshop") -> None:
    with pytest.raises(ActionFailed, match="17 is not a valid enum value"):
        run(workshop, Group=resource("AWS::Logs::LogGroup", RetentionInDays=17), Topic=resource("AWS::SNS::Topic"))


def test_name_in_use_is_reported_with_its_stack(workshop: "Workshop") -> None:
    group = resource("AWS::Logs::LogGroup", LogGroupName="/mine")
    workshop.home.deploy(Group=group)
    workshop.home.stack = "other"
    workshop.artifact("templates", stack__json=json.dumps({"Resources": {"Group": group}}))
    configuration = {"ActionMode": "CREATE_UPDATE", "StackName": "other", "TemplatePath": "templates::stack.json"}
    with pytest.raises(ActionFailed, match=r"/mine already exists in stack arn:aws:cloudformation:.*stack/stack/"):
        workshop.run(deploy.execute, configuration, inputs=("templates",))


def test_failed_replacement_is_cleaned_up(account: Account) -> None:
    subnet = resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.1.0/24")
    token = library_function(account, "Custom::VpcRestrictDefaultSG")
    account.deploy(**network(token, "10.0.0.0/16"), Subnet=subnet)
    with pytest.raises(AssertionError, match=r"The CIDR .*10\.0\.1\.0/24.* is invalid"):
        account.deploy(**network(token, "10.1.0.0/16"), Subnet=subnet)
    assert account.settled() == "UPDATE_ROLLBACK_COMPLETE"
    blocks = [item["CidrBlock"] for item in account.client("ec2").describe_vpcs()["Vpcs"] if not item["IsDefault"]]
    assert blocks == ["10.0.0.0/16"]


def test_service_that_is_not_emulated_says_so(account: Account) -> None:
    """Apps call services while they synthesize; ministack's own answer has no text for an SDK."""
    with pytest.raises(ClientError, match=f"{NOT_EMULATED}: codeartifact"):
        account.client("codeartifact").list_domains()
