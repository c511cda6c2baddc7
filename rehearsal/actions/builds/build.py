"""Runs one build in an empty folder with the input artifacts, and stores what it gives."""

import contextlib
import re
import subprocess
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.actions import artifacts
from rehearsal.actions.builds import buildspec
from rehearsal.actions.builds.build_log import BuildLog
from rehearsal.actions.builds.build_script import separated
from rehearsal.actions.builds.environment import BuildEnvironment, BuildRequest, build_environment, input_directories
from rehearsal.actions.builds.image_tools import docker_works
from rehearsal.actions.builds.on_demand import NOT_REHEARSED
from rehearsal.actions.builds.output_files import NoFilesError, Output
from rehearsal.actions.builds.runtimes import image_gap, place_differences
from rehearsal.actions.run import ActionFailed, ActionNotEmulated, ActionNotRehearsed, Run, failed
from rehearsal.actions.sources import full_clone
from rehearsal.engine.account_kind import TooManyBuildsError
from rehearsal.engine.cloud import Credentials, Forbidden
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import GapKind
from rehearsal.process import closed_network
from rehearsal.report import failing_line, junit

_PHASE_FAILED = re.compile(r"phase \w+ failed with exit status \d+")
COMMAND = "$ "
"""How a build's log begins a command."""
_PHASE_AGAIN = re.compile(r"phase \w+ again, \d+ of \d+")
_S3_ARN = re.compile(r"arn:[\w-]+:s3:::([^/]+)/(.+)")


@dataclass(frozen=True)
class Project:
    """A CodeBuild project, or what a Commands action has instead."""

    settings: Mapping[str, Any]
    """As `BatchGetProjects` returns them."""
    role: Credentials
    role_arn: str
    specification: str | None = None
    """Replaces the project's buildspec."""
    identifier: str = ""
    """The build's name in its batch."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variables that its batch gives it."""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.settings["name"])

    @property
    def log_group(self) -> str | None:
        """The group that its builds log to; None if unknown."""
        return self.settings.get("logsConfig", {}).get("cloudWatchLogs", {}).get("groupName")

    @property
    def source(self) -> str:
        """Its buildspec: text, the name of a file, or an object's ARN."""
        return self.specification or self.settings.get("source", {}).get("buildspec") or "buildspec.yml"


def run_build(run: Run, project: Project) -> dict[str, str]:
    """Run a build within the quota of concurrent ones; return its exported variables.

    Raises ActionFailed, ActionNotEmulated and ActionNotRehearsed.
    """
    environment = project.settings["environment"]
    if str(environment.get("type", "")).startswith("WINDOWS"):
        raise ActionNotRehearsed(GapKind.RUNTIME, "the build runs on Windows, in a container")
    try:
        with run.context.build_slots.taken():
            return _run_in_slot(run, project)
    except (TooManyBuildsError, buildspec.BuildspecError, NoFilesError, Forbidden) as refusal:
        raise ActionFailed(str(refusal)) from None


def _run_in_slot(run: Run, project: Project) -> dict[str, str]:
    directory = _new_build_directory(run.context.directory)
    stream = str(uuid.uuid4())
    run.details.external_id = f"{project.name}:{stream}"
    log = BuildLog(run, project.log_group, stream, project.role, project.identifier)
    request = BuildRequest(
        project.settings,
        directory,
        project.role,
        build_id=run.details.external_id,
        log_stream=stream,
        identifier=project.identifier,
        variables=project.variables,
    )
    try:
        return _build(replace(run, log=log.line), project, request)
    finally:
        log.upload()
        # Together, because the builds of a batch have the same details.
        run.details.external_id, run.details.log = request.build_id, log.place
        _remove(directory)


def _new_build_directory(builds: Path) -> Path:
    """Create an empty folder whose path is reused by later builds and rehearsals.

    Python caches bytecode by source path, so each environment's test packages are compiled only once.
    """
    builds.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        folder = builds / str(number)
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _remove(directory: Path) -> None:
    """Delete a build's folder in the background; the rehearsal's clean-up deletes what remains."""
    renamed = directory.with_name(f"{directory.name}-{uuid.uuid4()}")
    with contextlib.suppress(FileNotFoundError):
        directory.rename(renamed)
    # In a process, because a thread would compete with the next action for the interpreter.
    removal = partial(subprocess.run, ["rm", "-rf", str(renamed)], stderr=subprocess.DEVNULL, check=False)
    threading.Thread(target=removal, daemon=True).start()


def _build(run: Run, project: Project, request: BuildRequest) -> dict[str, str]:
    artifacts.read_inputs(run, role_arn=project.role_arn)
    source = unpack_inputs(run, request.directory, role_arn=project.role_arn)
    specification = buildspec.parse(specification_text(run, project, source))
    _say_differences(run, project, specification)
    environment = build_environment(run, request, specification)
    exported, settings = request.directory / "exported", environment.tools.settings
    script = request.directory / "build.sh"
    script.write_text(specification.script(exported, settings.gaps))
    command = [specification.shell, str(script)]
    if not (request.privileged and docker_works()):
        # A build with Docker needs the loopback interface of this machine, where Docker publishes ports.
        command = closed_network.closed(command, run.context.cloud.ports, request.address)
    failure: ActionFailed | None = None
    unserved = _unserved_requests(run, request)
    try:
        _execute(run, command, source, environment.variables, minutes=project.settings.get("timeoutInMinutes", 60))
    except ActionFailed as failed:
        failure = failed
    finally:
        variables = _written_variables(exported, environment.variables)
        _read_reports(run, specification, source, variables)
    if failure and (new := _unserved_requests(run, request)[len(unserved) :]):
        # The release may not be why it failed.
        raise ActionNotRehearsed(GapKind(new[0]["kind"]), f"{new[0]['reason']}: {failure}")
    _judge_gaps(run, environment, failure)
    if not exported.is_file():
        # A command replaced the shell (`exec`) or its EXIT trap.
        raise ActionFailed("the build's shell ended before the last phase did")
    _pack(run, _outputs(run, project, specification), source, variables, environment)
    artifacts.write_outputs(run, role_arn=project.role_arn)
    return {name: variables[name] for name in specification.exported_variables}


def _unserved_requests(run: Run, request: BuildRequest) -> list[dict[str, str]]:
    """Return why requests got no real answer so far, except those that came from other builds."""
    with contextlib.suppress(OSError):
        found = run.context.cloud.fact("unserved")["requests"]
        # Those of functions come from this machine's usual address, and any build may have caused them.
        own = ("", closed_network.LOOPBACK, request.address)
        return [one for one in found if one["client"] in own] if closed_network.works() else found
    return []


def _say_differences(run: Run, project: Project, specification: buildspec.Buildspec) -> None:
    """Report what the build has of CodeBuild only in part."""
    for note in specification.notes:
        run.log(note)
    users = dict.fromkeys(phase.run_as for phase in specification.phases if phase.run_as not in ("", "root"))
    differences = [f"run-as {user}: the commands ran as the user who started the rehearsal" for user in users]
    settings = project.settings
    differences += place_differences(bool(settings.get("vpcConfig")), bool(settings.get("fileSystemLocations")))
    for difference in (image_gap(settings["environment"]), *differences):
        if difference:
            run.log(f"{NOT_REHEARSED}{difference}")
            run.note_gap(GapKind.RUNTIME, difference)


def unpack_inputs(run: Run, directory: Path, *, role_arn: str) -> Path:
    """Unpack the input artifacts; return the folder of the primary one."""
    sources = input_directories(run, directory)
    for name, target in sources.items():
        run.context.artifacts.unpack(name, target)
        full_clone.clone(run, target, role_arn=role_arn)
    return next(iter(sources.values()))


def specification_text(run: Run, project: Project, source: Path) -> str:
    """Return the text of the project's buildspec: its own, that of a file in the source, or of an object in S3."""
    text = project.source
    if "\n" in text or text.lstrip().startswith("{"):
        return text
    if found := _S3_ARN.fullmatch(text):
        client = run.context.cloud.client("s3", run.context.home.region, project.role)
        try:
            return client.get_object(Bucket=found[1], Key=found[2])["Body"].read().decode()
        except ClientError as error:
            raise ActionFailed(f"buildspec {text}: {error.response['Error']['Message']}") from None
    file = source / text
    if not file.is_file():
        raise ActionFailed(f"buildspec {text} is not in the input artifact")
    return file.read_text()


def _execute(run: Run, command: list[str], source: Path, environment: Mapping[str, str], *, minutes: int) -> None:
    lines: list[str] = []
    gaps: list[str] = []

    def on_line(line: str) -> None:
        for part in separated(line):
            lines.append(part)
            if NOT_EMULATED in part:
                gaps.append(part.strip())
            run.log(part)

    if run.fail_on_purpose:
        raise ActionFailed("made to fail by --fail")
    try:
        code = run.context.processes.run(
            command,
            directory=source,
            environment=environment,
            on_line=on_line,
            timeout_seconds=minutes * 60,
        )
    except TimeoutError:
        running = next((line.removeprefix(COMMAND) for line in reversed(lines) if line.startswith(COMMAND)), "")
        what = f", while it ran: {running}" if running else ""
        raise ActionFailed(f"the build timed out after {minutes} minutes{what}") from None
    if code and gaps:
        # A gap of the emulator says nothing about the release.
        raise ActionNotEmulated(gaps[0])
    if code:
        raise failed(reason_of(lines, f"exit status {code}"))


def reason_of(lines: Sequence[str], otherwise: str) -> str:
    """Return why a build failed: what its failed command printed, or else what the commands before it did.

    Errors of a command that succeeded, as with `|| true`, are no reason.
    """
    phases = [line for line in lines if _PHASE_FAILED.fullmatch(line)]
    found = [line for line in lines if not (line.startswith(NOT_REHEARSED) or _PHASE_AGAIN.fullmatch(line))]
    end = found.index(phases[0]) if phases else len(found)
    start = max((number for number, line in enumerate(found[:end]) if line.startswith(COMMAND)), default=-1)
    printed = found[start + 1 : end]
    return failing_line.reason(printed if any(map(str.strip, printed)) else found, ", ".join(phases) or otherwise)


def _judge_gaps(run: Run, environment: BuildEnvironment, failure: ActionFailed | None) -> None:
    """Note the gaps that the build met; raise its failure, or ActionNotRehearsed if a gap may have caused it."""
    tools = environment.tools
    for kind, text in tools.noted_gaps():
        run.note_gap(kind, text)
    missing = tools.missing()
    if failure and not tools.command_gave_up():
        raise failure
    for kind, text in missing:
        run.note_gap(kind, text)
    if missing and tools.command_gave_up() and (failure or not run.action.outputs):
        kind, text = missing[0]
        raise ActionNotRehearsed(kind, text)


def _read_reports(run: Run, specification: buildspec.Buildspec, source: Path, variables: Mapping[str, str]) -> None:
    """Read the build's test reports. As in CodeBuild, a missing or broken report does not fail the build."""
    for report in specification.reports:
        if report.file_format != buildspec.JUNIT:
            run.log(f"report {report.name}: the rehearsal does not support {report.file_format}")
            continue
        try:
            for file in report.output.files(source, variables).values():
                run.details.tests += junit.parse(file.read_text(errors="replace"))
        except (NoFilesError, junit.JunitError) as error:
            run.log(f"report {report.name}: {error}")


def _outputs(run: Run, project: Project, specification: buildspec.Buildspec) -> dict[str, Output]:
    """Return the files of each artifact that the build gives.

    In a batch, the artifacts are named for the build: `IDENTIFIER`, and `IDENTIFIER_ARTIFACT` for secondary ones,
    here as parts of the action's.
    """
    outputs = run.action.outputs
    primary, others = specification.primary_output, specification.secondary_outputs
    if project.identifier:
        part = f"{batch_parts(run)}{project.identifier}"
        own = {f"{part}_{name}": output for name, output in others.items()}
        return {**({part: primary} if primary else {}), **own}
    if len(outputs) == 1 and primary:
        return {outputs[0]: primary}
    if lost := [name for name in outputs if name not in others]:
        raise ActionFailed(f"the buildspec does not define the artifact {lost[0]}")
    return {name: others[name] for name in outputs}


def batch_parts(run: Run) -> str:
    """Return the beginning of the names of the artifacts of a batch's builds, until they are the action's."""
    return f"{run.stage}-{run.action.name}@"


def _pack(
    run: Run, outputs: Mapping[str, Output], source: Path, variables: Mapping[str, str], environment: BuildEnvironment
) -> None:
    missing = environment.tools.missing()
    for name, output in outputs.items():
        try:
            files = output.files(source, variables)
        except NoFilesError as error:
            if missing:
                raise ActionNotRehearsed(missing[0][0], missing[0][1]) from None
            raise ActionFailed(str(error)) from None
        run.context.artifacts.pack(name, files, keep_links=output.keep_links)


def _written_variables(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the build's variables at its end, as far as the script has written them."""
    if not file.is_file():
        return dict(environment)
    # As bytes: text mode would convert line endings in values.
    pairs = (entry.partition("=") for entry in file.read_bytes().decode(errors="replace").split("\0") if entry)
    return {**environment, **{name: value for name, _, value in pairs}}
