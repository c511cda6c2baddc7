"""Runs a command against the emulated AWS after the deliveries, as an operator would.

cdk-rehearsal --then 'aws codepipeline start-pipeline-execution --name delivery'
"""

import time
from pathlib import Path

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud, Credentials
from rehearsal.engine.definition import Action, Stage
from rehearsal.process.isolation import machine_environment
from rehearsal.process.processes import Processes
from rehearsal.report.notification_collector import SETTLE_SECONDS
from rehearsal.report.progress import Progress, Status

STAGE = "Then"
"""Where the command stands in the report, after the pipeline's stages."""


def run_command(
    command: str,
    *,
    cloud: Cloud,
    home: AwsEnvironment,
    repository: Path,
    scratch: Path,
    processes: Processes,
    progress: Progress,
) -> tuple[Status, str]:
    """Run a shell command in the repository with credentials of the pipeline's account; return its status and reason.

    It reaches the emulated AWS only, and has `scratch` as its home folder. Functions have processed the deliveries'
    events before it starts.
    """
    _wait_for_functions(cloud)
    action = Action(
        name=command,
        category="Command",
        provider="shell",
        run_order=1,
        configuration={},
        inputs=(),
        outputs=(),
        namespace=None,
        role_arn=None,
        region=None,
    )
    stage = progress.add_stage(Stage(STAGE, (action,), (), (), None))
    [shown] = stage.actions
    progress.set_stage(stage, Status.RUNNING)
    progress.start(shown)
    scratch.mkdir(exist_ok=True)
    environment = machine_environment(scratch)
    environment |= {**cloud.environment(home.region, Credentials(home.account)), **cloud.proxy_environment(environment)}
    code = processes.run(
        ["/bin/sh", "-c", command],
        directory=repository,
        environment=environment,
        on_line=lambda line: progress.log(shown, line),
    )
    status = Status.FAILED if code else Status.SUCCEEDED
    reason = f"exit code {code}: {shown.line}" if code else ""
    progress.end(shown, status, reason)
    progress.set_stage(stage, status, reason)
    return status, f"{command}: {reason}" if reason else ""


def _wait_for_functions(cloud: Cloud) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while not cloud.fact("functions")["idle"] and time.monotonic() < deadline:
        time.sleep(0.05)
