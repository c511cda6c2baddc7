"""`cdk-rehearsal`, or `python -m rehearsal`: run a CDK pipeline on this machine, from source to the last stage.

`options.py` has the command line and the exit codes.
"""

import argparse
import contextlib
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from rich.console import Console

from cloud_assembly import AwsEnvironment, UserError
from rehearsal import assembly, header
from rehearsal.assembly import DEFAULT_ENVIRONMENT, Assembly
from rehearsal.engine.account_kind import AccountKind
from rehearsal.engine.approvals import PresetApprover, TerminalApprover
from rehearsal.errors import RehearsalError
from rehearsal.given import lookups, values
from rehearsal.options import PROGRAM, parser
from rehearsal.process.cdk_cli import CdkCli
from rehearsal.process.output_directory import exclusive, output_directory
from rehearsal.process.run_directory import run_directory
from rehearsal.project.discovery import Project, find
from rehearsal.project.repository import Commit, Repository
from rehearsal.rehearsal import Plan, Rehearsal
from rehearsal.report import page, remaining_time, report
from rehearsal.report.permissions import Permissions
from rehearsal.report.progress import Progress, Verdict
from rehearsal.report.screen import Screen

EXIT_CODES = {
    Verdict.PASSED: 0,
    Verdict.FAILED: 1,
    Verdict.STOPPED: 3,
    Verdict.REJECTED: 3,
    Verdict.NOT_REHEARSED: 4,
}
BAD_INPUT = 2


def main(arguments: list[str] | None = None) -> int:
    """Rehearse and return the exit code."""
    options = parser().parse_args(arguments)
    console = Console(highlight=False)
    try:
        return _rehearse(options, console)
    except UserError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return BAD_INPUT


@dataclass(frozen=True)
class _Outputs:
    """Where the rehearsal writes; None: nowhere."""

    logs: Path
    html: Path | None
    json: Path | None
    kept: Path | None
    """The folder of what is kept for the next rehearsal."""


def _rehearse(options: argparse.Namespace, console: Console) -> int:
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(run_directory())
        source = next((folder for name, folder in options.sources if not name), None)
        if source:
            repository = Repository.of_folder(source, directory / "source.git")
        else:
            repository = Repository.containing(Path.cwd())
        commit = repository.commit(options.ref, option="--ref")
        base = repository.commit(options.base_commit, option="--from") if options.base_commit else None
        needs_project = options.assembly is None or base is not None
        here = source or Path.cwd()
        found_project = find(repository, commit.id, here) if needs_project else None
        if options.check:
            return 0
        screen = Screen(console)
        plan = _plan(options, repository, found_project, (commit, base), screen)
        outputs = _prepare_outputs(options, console, directory, stack)
        header.print_source(console, options, found_project or repository, commit, base)
        progress = Progress(
            outputs.logs,
            screen.on_change,
            plan.variable_overrides,
            accepted=frozenset(options.accepted),
            deliveries=(str(base), str(commit)) if base else (),
            secrets=plan.given.secrets(),
        )
        if outputs.kept:
            screen.earlier_durations = remaining_time.read(outputs.kept)
        rehearsal = Rehearsal(
            plan,
            progress,
            directory=directory,
            on_assembly=lambda found, cli: _on_assembly(options, console, found, cli, rehearsal.unused_values()),
        )
        _run(rehearsal, progress, screen, outputs, commit)
    return EXIT_CODES[progress.verdict]


def _run(rehearsal: Rehearsal, progress: Progress, screen: Screen, outputs: _Outputs, commit: Commit) -> None:
    """Run the rehearsal and write the reports."""
    # A closed terminal and SIGTERM end a rehearsal as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    with rehearsal:
        with screen.showing(progress):
            rehearsal.run()
        rehearsal.evaluate_permissions()
    screen.summary(progress)
    document = report.compose(progress, commit=commit.id, subject=commit.subject)
    if outputs.json:
        report.write(document, outputs.json)
    if outputs.html:
        page.write(document, outputs.html, secrets=report.secrets(progress))
        screen.say(f"report: {outputs.html}")
    if outputs.kept:
        remaining_time.write(outputs.kept, progress)


def _plan(
    options: argparse.Namespace,
    repository: Repository,
    found_project: Project | None,
    commits: tuple[Commit, Commit | None],
    screen: Screen,
) -> Plan:
    commit, base = commits
    clock_offset = _clock_offset(options.clock)
    found = None
    default_environment = options.default_env or _recorded_environment(found_project, commit) or DEFAULT_ENVIRONMENT
    if options.assembly:
        found = assembly.read(options.assembly, pipeline=options.pipeline, default_environment=default_environment)
        _check(options, found)
    return Plan(
        assembly=found,
        project=found_project,
        pipeline=options.pipeline,
        default_environment=default_environment,
        repository=repository.directory,
        work_tree=repository.work_tree,
        commit=commit.id,
        approver=PresetApprover(answer=options.approve == "yes")
        if options.approve
        else TerminalApprover(screen.paused),
        base_commit=base.id if base else None,
        given=values.read(options.given) if options.given else values.Given(),
        variable_overrides=dict(options.variable_overrides),
        pipeline_variables=dict(options.pipeline_variables),
        then=options.then,
        clock=lambda: datetime.now(UTC) + clock_offset,
        workload=options.workload,
        account=AccountKind(options.account),
        fail=frozenset(options.fail),
        permissions=Permissions(options.permissions),
        source_folders={name: folder for name, folder in options.sources if name},
    )


def _recorded_environment(project: Project | None, commit: Commit) -> AwsEnvironment | None:
    if project is None:
        return None
    return lookups.environment_of(project.repository.text(commit.id, str(project.folder / lookups.CONTEXT_FILE)))


def _on_assembly(
    options: argparse.Namespace, console: Console, found: Assembly, cli: CdkCli, unused: list[str]
) -> None:
    """Check the options against the assembly, and say what will run, before it does."""
    _check(options, found)
    header.print_pipeline(console, options, found, cli)
    if unused:
        header.print_line(console, f"nothing needs {', '.join(unused)} of {options.given}", "yellow")


def _check(options: argparse.Namespace, found: Assembly) -> None:
    for name in sorted(set(options.fail).difference(found.actions)):
        choice = ", ".join(found.actions)
        raise RehearsalError(f"--fail {name}: the pipeline has no such action; choose from: {choice}")
    for name in sorted(dict(options.pipeline_variables).keys() - found.variables):
        declared = ", ".join(found.variables) or "none"
        raise RehearsalError(f"--variable {name}: the pipeline has no such variable; it has: {declared}")
    for name in sorted({name for name, _ in options.sources if name}.difference(found.sources)):
        choice = ", ".join(found.sources)
        raise RehearsalError(f"--source {name}: the pipeline has no such source; choose from: {choice}")


def _clock_offset(start: datetime | None) -> timedelta:
    """Return the offset of the rehearsal's clock from now."""
    return start - datetime.now(UTC) if start else timedelta()


def _prepare_outputs(
    options: argparse.Namespace, console: Console, directory: Path, stack: contextlib.ExitStack
) -> _Outputs:
    """Create the output files first, so that an unwritable path fails before the rehearsal and not after it."""
    folder: Path | None = None
    if options.report:
        folder = stack.enter_context(output_directory(options.report))
        if folder != options.report:
            header.print_line(console, f"another rehearsal writes to {options.report}; this one writes to {folder}")
    if options.logs is not None:
        stack.enter_context(exclusive(options.logs))
    html = options.html or (folder / "report.html" if folder else None)
    try:
        for file in filter(None, (options.json, html)):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.open("a").close()
    except OSError as error:
        raise RehearsalError(f"cannot write {error.filename}: {error.strerror}") from None
    return _Outputs(options.logs or (folder or directory) / "logs", html, options.json, folder)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
