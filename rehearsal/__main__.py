"""`python -m rehearsal`: run a synthesized CDK pipeline on this machine, from source to the last stage.

Exit codes: 0 passed; 1 failed; 2 bad input; 3 stopped (by you, or at an approval without an answer) or rejected;
4 not rehearsed: everything that ran succeeded, but something did not run (see --accept).
"""

import argparse
import contextlib
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.text import Text

import cloud_assembly
from cloud_assembly import Stack, UserError
from cloud_assembly.synthesize_commit import synthesized
from rehearsal import assembly
from rehearsal.actions.sources.contents import rehearsed_source
from rehearsal.engine.account_kind import AccountKind
from rehearsal.engine.approvals import PresetApprover, TerminalApprover
from rehearsal.engine.expected_gaps import SOURCE, expected_gaps, pipeline_of
from rehearsal.errors import RehearsalError
from rehearsal.gaps import GapKind
from rehearsal.process import closed_network
from rehearsal.process.output_directory import exclusive, output_directory
from rehearsal.rehearsal import Plan, Rehearsal
from rehearsal.report import page, remaining_time, report
from rehearsal.report.permissions import Permissions
from rehearsal.report.progress import Progress, Verdict
from rehearsal.report.screen import Screen
from rehearsal.repository import Commit, Repository

EXIT_CODES = {
    Verdict.PASSED: 0,
    Verdict.FAILED: 1,
    Verdict.STOPPED: 3,
    Verdict.REJECTED: 3,
    Verdict.NOT_REHEARSED: 4,
}
BAD_INPUT = 2
SETTINGS = "delivery.toml"
"""The settings that the assembly is synthesized from."""
OUTPUT = Path(".rehearsal")
"""The folder of the report and the logs."""


def main(arguments: list[str] | None = None) -> int:
    """Rehearse and return the exit code."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    try:
        return _rehearse(options, console)
    except UserError as error:
        print(f"rehearsal: {error}", file=sys.stderr)
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rehearsal", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (default: cdk.out)")
    parser.add_argument("--ref", default="HEAD", help="the commit to deliver (default: HEAD)")
    parser.add_argument(
        "--from",
        dest="base_commit",
        metavar="REF",
        help="install this commit's pipeline and deliver it first, with every approval given, so that the rehearsed\n"
        "commit updates it",
    )
    parser.add_argument(
        "--approve", choices=("yes", "no"), help="answer every approval; by default, ask on the terminal"
    )
    parser.add_argument(
        "--set",
        dest="variable_overrides",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="override a variable in the builds that have it, for example to shorten a wait",
    )
    parser.add_argument(
        "--source",
        dest="sources",
        action="append",
        default=[],
        type=_source_folder,
        metavar="NAME=FOLDER",
        help="what the source action NAME delivers, if it is not the rehearsed repository's",
    )
    parser.add_argument(
        "--variable",
        dest="pipeline_variables",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="start the execution with this value of one of the pipeline's own variables, as for a hotfix: HOTFIX=yes",
    )
    parser.add_argument(
        "--then",
        metavar="COMMAND",
        help="after the delivery, run this shell command as an operator of the pipeline's account, then what it\n"
        "starts in the pipeline: 'make rollback ENV=prod ARGS=--yes'",
    )
    parser.add_argument(
        "--clock",
        type=_time,
        metavar="TIME",
        help="the time at which the rehearsal starts, for deployment windows: 2026-11-24T03:00+01:00",
    )
    parser.add_argument(
        "--check", action="store_true", help="only check the options and the commits; make rehearse does so first"
    )
    _add_output_options(parser)
    _add_emulation_options(parser)
    return parser


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as JSON")
    parser.add_argument(
        "--html",
        type=Path,
        metavar="FILE",
        help="write the HTML report to FILE (default: .rehearsal/report.html)",
    )
    parser.add_argument(
        "--logs",
        type=Path,
        metavar="FOLDER",
        help="folder for the actions' logs (default: .rehearsal/logs)",
    )


def _add_emulation_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workload",
        metavar="COMMAND",
        help="run this shell command as the tasks of each service with a target group; without one, load\n"
        "balancers answer 503 “not rehearsed”",
    )
    parser.add_argument(
        "--account",
        choices=[str(kind) for kind in AccountKind],
        default=str(AccountKind.ESTABLISHED),
        help="whose quotas to apply: an established account's (the default) or a new one's: one build at a\n"
        "time, ten Lambda executions and five Elastic IP addresses",
    )
    parser.add_argument(
        "--fail",
        action="append",
        default=[],
        type=_stage_and_action,
        metavar="STAGE/ACTION",
        help="make an action fail: a build before its first command, a stack by a resource that cannot be created",
    )
    parser.add_argument(
        "--accept",
        dest="accepted",
        action="append",
        default=[],
        type=_gap_kind,
        metavar="KIND",
        help=f"let the rehearsal pass although this kind of thing was not rehearsed: {', '.join(GapKind)}",
    )
    parser.add_argument(
        "--permissions",
        choices=[str(mode) for mode in Permissions],
        default=str(Permissions.ENFORCED),
        help="calls that no policy allows: refuse them, as AWS does (enforced, the default), only list them\n"
        "(report), or do not check (off)",
    )


def _rehearse(options: argparse.Namespace, console: Console) -> int:
    repository = Repository(Path.cwd())
    commit = repository.commit(options.ref, option="--ref")
    base = repository.commit(options.base_commit, option="--from") if options.base_commit else None
    if options.check:
        return 0
    screen = Screen(console)
    plan = _plan(options, commit, base, screen)
    with contextlib.ExitStack() as stack:
        folder, logs = _prepare_outputs(options, console, stack)
        _print_header(console, repository, commit, options)
        _print_gaps(console, plan)
        if base:
            plan = replace(plan, base_assembly=_base_assembly(plan, base, console, stack))
        deliveries = (str(base), str(commit)) if base else ()
        progress = Progress(
            logs,
            screen.on_change,
            plan.variable_overrides,
            accepted=frozenset(options.accepted),
            deliveries=deliveries,
        )
        screen.earlier_durations = remaining_time.read(folder)
        _run(plan, progress, screen, options, commit)
        remaining_time.write(folder, progress)
    return EXIT_CODES[progress.verdict]


def _run(plan: Plan, progress: Progress, screen: Screen, options: argparse.Namespace, commit: Commit) -> None:
    """Run the plan and write the reports."""
    # A closed terminal and SIGTERM end a rehearsal as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    with Rehearsal(plan, progress) as rehearsal:
        with screen.showing(progress):
            rehearsal.run()
        rehearsal.evaluate_permissions()
        progress.recorded_types = rehearsal.recorded_types()
    screen.summary(progress)
    document = report.compose(progress, commit=commit.id, subject=commit.subject)
    if options.json:
        report.write(document, options.json)
    page.write(document, options.html, secrets=report.secrets(progress))
    screen.console.print(Text(f"report: {options.html}"), soft_wrap=True)


def _plan(options: argparse.Namespace, commit: Commit, base: Commit | None, screen: Screen) -> Plan:
    clock_offset = _clock_offset(options.clock)
    found = assembly.read(options.assembly)
    for name in sorted(set(options.fail).difference(found.actions)):
        choice = ", ".join(found.actions)
        raise RehearsalError(f"--fail {name}: the pipeline has no such action; choose from: {choice}")
    for name in sorted(dict(options.pipeline_variables).keys() - found.variables):
        declared = ", ".join(found.variables) or "none"
        raise RehearsalError(f"--variable {name}: the pipeline has no such variable; it has: {declared}")
    sources = _sources(found)
    for name in sorted(dict(options.sources).keys() - set(sources)):
        raise RehearsalError(f"--source {name}: no source action is called so; choose from: {', '.join(sources)}")
    return Plan(
        assembly=found,
        repository=Path.cwd(),
        commit=commit.id,
        approver=PresetApprover(answer=options.approve == "yes")
        if options.approve
        else TerminalApprover(screen.paused),
        base_commit=base.id if base else None,
        variable_overrides=dict(options.variable_overrides),
        pipeline_variables=dict(options.pipeline_variables),
        then=options.then,
        clock=lambda: datetime.now(UTC) + clock_offset,
        workload=options.workload,
        account=AccountKind(options.account),
        fail=frozenset(options.fail),
        permissions=Permissions(options.permissions),
        source_folders=dict(options.sources),
    )


def _base_assembly(plan: Plan, base: Commit, console: Console, stack: contextlib.ExitStack) -> assembly.Assembly:
    """Synthesize the base commit, whose pipeline is installed first."""
    console.print(Text(f"first delivering {base}, which this commit then updates: synthesizing its pipeline"))
    found = assembly.read(stack.enter_context(synthesized(base.id, plan.repository)))
    if (found.stack_name, found.home) != (plan.assembly.stack_name, plan.assembly.home):
        raise RehearsalError(
            f"--from {base.id[:12]}: its pipeline is {found.stack_name} in {found.home}, this commit's is "
            f"{plan.assembly.stack_name} in {plan.assembly.home}; a push cannot move a pipeline, so rehearse this "
            "commit without --from"
        )
    return found


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _source_folder(text: str) -> tuple[str, Path]:
    name, folder = _assignment(text)
    if not Path(folder).is_dir():
        raise argparse.ArgumentTypeError(f"{folder} is not a folder")
    return name, Path(folder).absolute()


def _time(text: str) -> datetime:
    """Return a time; without a zone, it is in this machine's."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-11-24T03:00+01:00") from None


def _stage_and_action(text: str) -> str:
    stage, slash, action = text.partition("/")
    if not (stage and slash and action):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form STAGE/ACTION, such as Dev/IntegrationTests")
    return text


def _gap_kind(text: str) -> GapKind:
    try:
        return GapKind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(GapKind)}") from None


def _clock_offset(start: datetime | None) -> timedelta:
    """Return the offset of the rehearsal's clock from now."""
    return start - datetime.now(UTC) if start else timedelta()


def _prepare_outputs(options: argparse.Namespace, console: Console, stack: contextlib.ExitStack) -> tuple[Path, Path]:
    """Create the output files first, so that an unwritable path fails before the rehearsal and not after it.

    Return the folder of what is kept for the next rehearsal, and the one of the logs.
    """
    folder = OUTPUT
    if options.logs is None or options.html is None:
        folder = stack.enter_context(output_directory(OUTPUT))
        if folder != OUTPUT:
            console.print(Text(f"another rehearsal writes to {OUTPUT}; this one writes to {folder}"), soft_wrap=True)
    if options.logs is not None:
        stack.enter_context(exclusive(options.logs))
    options.html = options.html or folder / "report.html"
    try:
        for file in filter(None, (options.json, options.html)):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.open("a").close()
    except OSError as error:
        raise RehearsalError(f"cannot write {error.filename}: {error.strerror}") from None
    return folder, options.logs or folder / "logs"


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _print_header(console: Console, repository: Repository, commit: Commit, options: argparse.Namespace) -> None:
    console.print(Text(f"rehearsing {options.ref} ({commit}) on an emulated AWS"), soft_wrap=not console.is_terminal)
    dirty = repository.uncommitted()
    if dirty:
        named = ", ".join(dirty[:3]) + (" …" if len(dirty) > 3 else "")
        console.print(
            Text(f"not included: {len(dirty)} uncommitted change(s) in the work tree: {named}", "yellow"),
            soft_wrap=not console.is_terminal,
        )
    if not closed_network.works():
        console.print(
            Text(
                "weaker on this machine: programs that ignore proxies, such as curl --noproxy '*', could reach AWS, "
                "though without credentials; see “No call reaches AWS” in docs/REHEARSAL.md",
                "yellow",
            ),
            soft_wrap=not console.is_terminal,
        )
    if SETTINGS in dirty and options.base_commit is None:
        console.print(
            Text(
                f"{SETTINGS} has uncommitted changes: the pipeline is first deployed with them, then updates itself to "
                "the committed settings. Commit them to rehearse them",
                "yellow",
            ),
            soft_wrap=not console.is_terminal,
        )


def _pipeline_stack(found: assembly.Assembly) -> Stack:
    return next(one for one in cloud_assembly.read(found.directory).stacks if one.name == found.stack_name)


def _sources(found: assembly.Assembly) -> list[str]:
    """Return the names of the pipeline's source actions."""
    definition = pipeline_of(_pipeline_stack(found))
    return [action.name for stage in definition.stages for action in stage.actions if action.category == SOURCE]


def _print_gaps(console: Console, plan: Plan) -> None:
    """Print what cannot be rehearsed, before anything starts."""
    stack = _pipeline_stack(plan.assembly)
    if (source := rehearsed_source(pipeline_of(stack))) and len(_sources(plan.assembly)) > 1:
        console.print(Text(f"{source} delivers this commit"), soft_wrap=not console.is_terminal)
    for gap in expected_gaps(stack, plan.source_folders):
        console.print(Text(f"cannot rehearse {gap}", "yellow"), soft_wrap=not console.is_terminal)


if __name__ == "__main__":
    sys.exit(main())
