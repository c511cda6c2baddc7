"""An emulated prod, deployed from its templates as the pipeline would, without what no runbook uses."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress
from tests.environment_stacks import deployment_order
from tests.rehearsal.emulator.published_assets import publish

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

ACCOUNT: Final = "444444444444"
HERE: Final = AwsEnvironment(ACCOUNT, "us-east-1")
ELSEWHERE: Final = AwsEnvironment(ACCOUNT, "us-west-2")
UNUSED: Final = ("firewall", "audit", "distribution")
"""Stacks that no runbook uses."""
TEMPLATES: Final = "templates"


@contextlib.contextmanager
def emulated_prod(assembly: "CloudAssembly", directory: Path) -> Iterator[Cloud]:
    """Start an emulator, deploy prod and end the emulator."""
    processes = Processes()
    try:
        cloud = EmulatorSetup(Progress(directory / "logs", lambda _: None), processes, directory).start_emulator()
        for place in (HERE, ELSEWHERE):
            cloud.in_account("ssm", place).put_parameter(
                Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
            )
            publish(cloud, Path(assembly.directory), place)
        cloud.in_account("s3", HERE).create_bucket(Bucket=TEMPLATES)
        stacks = {stack.stack_name: stack for stack in assembly.stacks_recursively}
        for part in deployment_order("prod"):
            if part in UNUSED:
                continue
            stack = stacks[f"yawl-prod-{part}"]
            place = AwsEnvironment(ACCOUNT, stack.environment.region)
            # A larger template than the API takes in a request.
            cloud.in_account("s3", place).put_object(
                Bucket=TEMPLATES, Key=part, Body=Path(stack.template_full_path).read_bytes()
            )
            cloudformation = cloud.in_account("cloudformation", place)
            cloudformation.create_stack(
                StackName=stack.stack_name,
                TemplateURL=f"https://s3.{place.region}.amazonaws.com/{TEMPLATES}/{part}",
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=stack.stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        yield cloud
    finally:
        processes.end_all()
