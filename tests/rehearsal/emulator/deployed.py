"""The environment dev, deployed to an emulator of its own, with a fake task behind its load balancer."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud, Credentials
from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress
from rehearsal.workloads.tasks import Tasks
from tests.environment_stacks import own_region
from tests.faulty_http_server import PROXY_VARIABLES
from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.conftest import Account
from tests.rehearsal.emulator.published_assets import publish
from tests.rehearsal.workloads import workload

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

PLACE = AwsEnvironment("222222222222", "us-east-1")
"""Where tests/delivery.toml has dev."""
PARTS = own_region("dev")
"""Its stacks in the order in which they need each other."""
TEMPLATES = f"templates-{PLACE.account}"
"""The bucket that its templates are deployed from."""
PIPELINE = Credentials("111111111111")


@dataclass(frozen=True)
class Deployed:
    """The deployed environment."""

    cloud: Cloud
    variables: dict[str, str]
    """The variables that its pipeline sets for the integration tests."""

    def client(self, service: str) -> Any:
        """Return a client that may do anything in the environment's account."""
        return self.cloud.in_account(service, PLACE)

    def build_environment(self) -> dict[str, str]:
        """Return all variables of the build in which the pipeline runs the integration tests."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in PROXY_VARIABLES and not name.startswith("AWS_")
        }
        return {
            **inherited,
            **self.cloud.environment(PLACE.region, PIPELINE),
            **self.cloud.proxy_environment(),
            **self.variables,
            "CI": "true",
        }


@contextmanager
def deployed(assembly: "CloudAssembly", directory: Path) -> Generator[Deployed, None, None]:
    """Start an emulator with what the assembly holds of dev in it; nothing of it is left afterwards."""
    processes = Processes()
    try:
        cloud = EmulatorSetup(Progress(directory / "logs", lambda _: None), processes, directory).start_emulator()
        yield _deploy(cloud, assembly, processes, directory)
    finally:
        processes.end_all()


def _deploy(cloud: Cloud, assembly: "CloudAssembly", processes: Processes, directory: Path) -> Deployed:
    templates = {stack.stack_name: Path(stack.template_full_path) for stack in assembly.stacks_recursively}
    cloudformation = cloud.in_account("cloudformation", PLACE)
    cloud.in_account("ssm", PLACE).put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True
    )
    for kind in ("deploy", "lookup", "cfn-exec"):
        powerful_role(Account(cloud, PLACE), f"cdk-hnb659fds-{kind}-role-{PLACE.account}-{PLACE.region}")
    s3 = cloud.in_account("s3", PLACE)
    s3.create_bucket(Bucket=TEMPLATES)
    publish(cloud, Path(assembly.directory), PLACE)
    received: dict[str, str] = {}
    for part in PARTS:
        name = f"yawl-dev-{part}"
        # From a bucket, as a template that is longer than 51,200 bytes must come.
        s3.put_object(Bucket=TEMPLATES, Key=name, Body=templates[name].read_bytes())
        url = f"https://s3.{PLACE.region}.amazonaws.com/{TEMPLATES}/{name}"
        cloudformation.create_stack(StackName=name, TemplateURL=url, Capabilities=["CAPABILITY_NAMED_IAM"])
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        received |= dict(pair.split("=", 1) for pair in outputs.get("TestVariables", "").split())
    Tasks(cloud, workload(processes, directory)).start("yawl-dev-application", PLACE)
    return Deployed(
        cloud,
        {
            **received,
            "ENVIRONMENT": "dev",
            "ENVIRONMENT_REGION": PLACE.region,
            "HEALTH_PATH": "/resourceService/",
            "ALARM_NAME_PREFIX": "yawl-dev-",
            "STACK_NAMES": ",".join(f"yawl-dev-{part}" for part in PARTS),
            "DEADLINE_SECONDS": "30",
            # Fake tasks say nothing about latency, and this machine may be busy.
            "P99_LIMIT_SECONDS": "30",
        },
    )
