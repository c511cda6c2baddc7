"""Prepares an emulated AWS for a rehearsal: the emulator, the bootstraps, the deployed pipeline."""

import contextlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rehearsal.assembly import Assembly
from rehearsal.cloud import Cloud, Credentials, Place
from rehearsal.definition import Definition, parse
from rehearsal.errors import RehearsalError
from rehearsal.processes import Processes
from rehearsal.progress import ActionProgress, Progress, Status

EXECUTION_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
"""What CloudFormation may do in a bootstrapped account; the emulator does not enforce it."""


class SetUpFailed(Exception):  # noqa: N818
    """A step of the set-up failed; its log says why."""


@contextlib.contextmanager
def _step(progress: Progress, name: str, provider: str) -> Iterator[ActionProgress]:
    step = progress.add_step(name, provider)
    progress.start(step)
    try:
        yield step
    except SetUpFailed as failure:
        progress.end(step, Status.FAILED, str(failure))
        raise
    progress.end(step, Status.SUCCEEDED)


def start_emulator(progress: Progress, processes: Processes, directory: Path) -> Cloud:
    """Start the emulator on a free loopback port and return the way to it."""
    with _step(progress, "emulated AWS", "ministack") as step:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "TMPDIR": str(directory),
            # Tasks and databases stay control plane only, also where a Docker daemon could start them.
            "DOCKER_HOST": "unix:///nonexistent",
            "LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "rehearsal.emulator"]
        process = processes.start(command, directory=directory, environment=environment, hold_input=True)
        stream = process.stdout
        if stream is None:
            raise SetUpFailed("the emulator has no output")
        for line in stream:
            progress.log(step, line.rstrip())
            if line.startswith('{"port"'):
                threading.Thread(target=_drain, args=(stream, step, progress), daemon=True).start()
                return Cloud(f"http://localhost:{json.loads(line)['port']}")
        raise SetUpFailed(f"the emulator ended with exit status {process.wait()}")


def bootstrap(progress: Progress, processes: Processes, cloud: Cloud, assembly: Assembly, directory: Path) -> None:
    """Bootstrap every account and region with the real `cdk bootstrap`, trusting the pipeline's account."""
    empty = directory / "bootstrap"
    empty.mkdir()
    steps = {place: progress.add_step(f"bootstrap {place}", "cdk bootstrap") for place in assembly.places}

    def run(place: Place) -> None:
        step = steps[place]
        progress.start(step)
        trust = [] if place.account == assembly.home.account else ["--trust", assembly.home.account]
        arguments = ["bootstrap", f"aws://{place.account}/{place.region}", *trust]
        code = _cdk(
            [*arguments, "--cloudformation-execution-policies", EXECUTION_POLICY],
            place, cloud, processes, progress, step, empty,
        )  # fmt: skip
        progress.end(step, *((Status.FAILED, f"cdk bootstrap: exit status {code}") if code else (Status.SUCCEEDED,)))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(run, assembly.places))
    if any(step.status is Status.FAILED for step in steps.values()):
        raise SetUpFailed("an account could not be bootstrapped")


def deploy_pipeline(progress: Progress, processes: Processes, cloud: Cloud, assembly: Assembly) -> Definition:
    """Deploy the pipeline stack with the real `cdk deploy` and return the definition that is deployed."""
    with _step(progress, f"deploy {assembly.stack_name}", "cdk deploy") as step:
        code = _cdk(
            ["deploy", "--app", str(assembly.directory.resolve()), assembly.stack_id, "--require-approval", "never"],
            assembly.home, cloud, processes, progress, step, assembly.directory,
        )  # fmt: skip
        if code:
            raise SetUpFailed(f"cdk deploy: exit status {code}")
    resources = cloud.in_account("cloudformation", assembly.home).describe_stack_resources(
        StackName=assembly.stack_name
    )["StackResources"]
    name = next(
        item["PhysicalResourceId"] for item in resources if item["ResourceType"] == "AWS::CodePipeline::Pipeline"
    )
    return parse(
        cloud.in_account("codepipeline", assembly.home).get_pipeline(name=name)["pipeline"], assembly.home.region
    )


def _cdk(
    arguments: list[str],
    place: Place,
    cloud: Cloud,
    processes: Processes,
    progress: Progress,
    step: ActionProgress,
    directory: Path,
) -> int:
    cdk = shutil.which("cdk")
    if cdk is None:
        raise RehearsalError("the command `cdk` is not on the path; run `make setup` and start this by `make rehearse`")
    passed_on = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**passed_on, **cloud.environment(place.region, Credentials(place.account)), "CI": "true"}
    progress.log(step, f"$ cdk {' '.join(arguments)}")
    return processes.run(
        [cdk, *arguments, "--progress", "events"] if arguments[0] == "deploy" else [cdk, *arguments],
        directory=directory,
        environment=environment,
        on_line=lambda line: progress.log(step, line),
    )


def _drain(stream: Iterator[str], step: ActionProgress, progress: Progress) -> None:
    for line in stream:
        progress.log(step, line.rstrip())
