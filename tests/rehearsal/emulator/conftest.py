"""One emulated AWS for all tests here; each test has an account of its own in it."""

import itertools
import json
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress

if TYPE_CHECKING:
    from tests.rehearsal.emulator.action_runner import Workshop

_numbers = itertools.count(700000000001)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cloud, None, None]:
    """The emulator in a process of its own, as a rehearsal starts it."""
    directory = tmp_path_factory.mktemp("emulator")
    processes = Processes()
    try:
        yield EmulatorSetup(Progress(directory / "logs", lambda _: None), processes, directory).start_emulator()
    finally:
        processes.end_all()


@dataclass
class Account:
    """An account in which nothing is yet."""

    cloud: Cloud
    place: AwsEnvironment
    stack: str = "stack"
    """The name of the stack this account has."""
    _resources: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return self.cloud.in_account(service, self.place)

    def deploy(self, **resources: dict[str, Any]) -> dict[str, str]:
        """Create or update a stack of these resources; return their physical ids."""
        cloudformation = self.client("cloudformation")
        arguments = {"StackName": self.stack, "TemplateBody": json.dumps({"Resources": resources})}
        operation = cloudformation.update_stack if self._resources else cloudformation.create_stack
        operation(**arguments, Capabilities=["CAPABILITY_NAMED_IAM"])
        self._resources = resources
        status = self.settled()
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), (status, self.failures())
        return {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for item in cloudformation.describe_stack_resources(StackName=self.stack)["StackResources"]
        }

    def attribute(self, resource: str, name: str) -> str:
        """What Fn::GetAtt gives, by way of an output of the stack as it is."""
        cloudformation = self.client("cloudformation")
        body = {
            "Resources": self._resources,
            "Outputs": {"Found": {"Value": {"Fn::GetAtt": [resource, name]}}},
        }
        cloudformation.update_stack(StackName=self.stack, TemplateBody=json.dumps(body))
        assert self.settled() == "UPDATE_COMPLETE", self.failures()
        [output] = cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]["Outputs"]
        return output["OutputValue"]

    def replacements(self, **resources: dict[str, Any]) -> dict[str, str]:
        """What a change set says of replacing: `True`, `False` or `Conditional`, by resource."""
        cloudformation = self.client("cloudformation")
        body = json.dumps({"Resources": resources})
        cloudformation.create_change_set(StackName=self.stack, ChangeSetName="look", TemplateBody=body)
        while True:
            found = cloudformation.describe_change_set(StackName=self.stack, ChangeSetName="look")
            if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                break
            time.sleep(0.02)
        cloudformation.delete_change_set(StackName=self.stack, ChangeSetName="look")
        changes = (change["ResourceChange"] for change in found["Changes"])
        return {change["LogicalResourceId"]: change.get("Replacement", "") for change in changes}

    def delete(self) -> None:
        self.client("cloudformation").delete_stack(StackName=self.stack)
        assert self.settled() == "DELETE_COMPLETE", self.failures()

    def settled(self) -> str:
        """Wait for the end of what is under way; return the stack's state."""
        cloudformation = self.client("cloudformation")
        while True:
            try:
                status = cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"]
            except ClientError as error:
                if "does not exist" in str(error):
                    return "DELETE_COMPLETE"
                raise
            if not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(0.02)

    def failures(self) -> list[str]:
        events = self.client("cloudformation").describe_stack_events(StackName=self.stack)["StackEvents"]
        return [event.get("ResourceStatusReason", "") for event in events if "FAILED" in event["ResourceStatus"]]


@pytest.fixture
def account(cloud: Cloud) -> Account:
    return Account(cloud, AwsEnvironment(str(next(_numbers)), "eu-west-1"))


@pytest.fixture
def other_account(cloud: Cloud) -> Account:
    return Account(cloud, AwsEnvironment(str(next(_numbers)), "us-east-1"))


@pytest.fixture
def workshop(account: Account, tmp_path: Path) -> Generator["Workshop", None, None]:
    """Actions of a pipeline in `account`."""
    from tests.rehearsal.emulator.action_runner import Workshop

    processes = Processes()
    made = Workshop(account, tmp_path, processes)
    made.role(account, "pipeline")
    yield made
    processes.end_all()


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A template's resource."""
    return {"Type": kind, "Properties": properties}


ERRORS = resource(
    "AWS::CloudWatch::Alarm",
    AlarmName="errors",
    Namespace="mine",
    MetricName="Errors",
    ComparisonOperator="GreaterThanThreshold",
    EvaluationPeriods=1,
    Threshold=5,
)
HEALTH = resource("AWS::CloudWatch::CompositeAlarm", AlarmName="health", AlarmRule='ALARM("errors")')
"""An alarm, and the composite alarm that follows it."""


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def attribute(name: str, of: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, of]}


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]
