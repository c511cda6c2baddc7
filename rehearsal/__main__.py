"""`python -m rehearsal`: run a synthesized CDK pipeline on this machine, from source to the last stage.

Exit codes: 0 every action succeeded; 1 an action or the set-up failed; 2 invalid input; 3 the rehearsal was stopped (by
you, or at an approval without an answer) or rejected; 4 the emulator lacks something the pipeline needs, which says
nothing about the release.
"""

import argparse
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.text import Text

from cloud_assembly import UserError
from rehearsal import assembly
from rehearsal.engine.account_kind import AccountKind
from rehearsal.engine.approvals import PresetApprover, TerminalApprover
from rehearsal.errors import RehearsalError
from rehearsal.rehearsal import Plan, Rehearsal
from rehearsal.report import page, report
from rehearsal.report.permissions import Permissions
from rehearsal.report.progress import Progress, Result
from rehearsal.report.screen import Screen
from rehearsal.workloads.tasks import TaskKind

EXIT_CODES = {Result.SUCCEEDED: 0, Result.FAILED: 1, Result.STOPPED: 3, Result.REJECTED: 3, Result.NOT_EMULATED: 4}
BAD_INPUT = 2
SETTINGS = "delivery.toml"
"""The settings that the assembly is synthesized from."""


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
        help="deliver this commit first, with every approval given, so that the rehearsed commit updates it",
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
        type=datetime.fromisoformat,
        metavar="TIME",
        help="the time at which the rehearsal starts, for deployment windows: 2026-11-24T03:00+01:00",
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
        default=Path(".rehearsal/report.html"),
        help="write the HTML report to FILE (default: .rehearsal/report.html)",
    )
    parser.add_argument(
        "--logs",
        type=Path,
        default=Path(".rehearsal/logs"),
        help="folder for the actions' logs (default: .rehearsal/logs)",
    )


def _add_emulation_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tasks",
        choices=[str(kind) for kind in TaskKind],
        default=str(TaskKind.FAKE),
        help="what runs behind the load balancers: local fakes of the tasks (the default), the container's\n"
        "own processes, or nothing",
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
        metavar="STAGE/ACTION",
        help="make an action fail: a build before its first command, a stack by a resource that cannot be created",
    )
    parser.add_argument(
        "--permissions",
        choices=[str(mode) for mode in Permissions],
        default=str(Permissions.ENFORCED),
        help="calls that no policy allows: refuse them, as AWS does (enforced, the default), only list them\n"
        "(report), or do not check (off)",
    )


def _rehearse(options: argparse.Namespace, console: Console) -> int:
    repository = Path.cwd()
    screen = Screen(console)
    plan = _plan(options, repository, screen)
    _prepare_outputs(options)
    _print_header(console, plan, options.ref)
    progress = Progress(options.logs, screen.on_change, plan.variable_overrides)
    # A closed terminal and SIGTERM end a rehearsal as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    with Rehearsal(plan, progress) as rehearsal:
        with screen.showing(progress):
            rehearsal.run()
        rehearsal.evaluate_permissions()
        recorded = rehearsal.recorded_types()
    screen.summary(progress)
    subject = _subject(repository, plan.commit)
    document = report.compose(progress, commit=plan.commit, subject=subject, recorded_types=recorded)
    if options.json:
        report.write(document, options.json)
    page.write(document, options.html, secrets=report.secrets(progress))
    console.print(Text(f"report: {options.html}"), soft_wrap=True)
    return EXIT_CODES[progress.result or Result.FAILED]


def _plan(options: argparse.Namespace, repository: Path, screen: Screen) -> Plan:
    clock_offset = _clock_offset(options.clock)
    return Plan(
        assembly=assembly.read(options.assembly),
        repository=repository,
        commit=_commit(repository, options.ref),
        approver=PresetApprover(answer=options.approve == "yes")
        if options.approve
        else TerminalApprover(screen.paused),
        base_commit=_commit(repository, options.base_commit, option="--from") if options.base_commit else None,
        variable_overrides=dict(options.variable_overrides),
        pipeline_variables=dict(options.pipeline_variables),
        then=options.then,
        clock=lambda: datetime.now(UTC) + clock_offset,
        tasks=TaskKind(options.tasks),
        account=AccountKind(options.account),
        fail=frozenset(options.fail),
        permissions=Permissions(options.permissions),
    )


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _clock_offset(start: datetime | None) -> timedelta:
    """Return the offset of the rehearsal's clock from now; `start` without a zone is in this machine's time zone."""
    return (start.astimezone() - datetime.now(UTC)) if start else timedelta()


def _prepare_outputs(options: argparse.Namespace) -> None:
    """Create the output files first, so that an unwritable path fails before the rehearsal and not after it."""
    try:
        options.logs.mkdir(parents=True, exist_ok=True)
        for file in filter(None, (options.json, options.html)):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.open("a").close()
    except OSError as error:
        raise RehearsalError(f"cannot write {error.filename}: {error.strerror}") from None


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RehearsalError(done.stderr.strip() or f"git {arguments[0]} failed")
    return done.stdout.rstrip()


def _commit(repository: Path, ref: str, *, option: str = "--ref") -> str:
    try:
        return _git(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    except RehearsalError:
        raise RehearsalError(f"{option} {ref}: no such commit here; name a branch, tag or commit") from None


def _subject(repository: Path, commit: str) -> str:
    return _git(repository, "show", "--no-show-signature", "--no-patch", "--format=%s", commit)


def _print_header(console: Console, plan: Plan, ref: str) -> None:
    repository = plan.repository
    subject = _subject(repository, plan.commit)
    console.print(Text(f"rehearsing {ref} ({plan.commit[:12]} “{subject}”) on an emulated AWS"), soft_wrap=True)
    changed = _git(repository, "status", "--porcelain", "-z").split("\0")
    dirty = [entry[3:] for entry in changed if entry]
    if dirty:
        named = ", ".join(dirty[:3]) + (" …" if len(dirty) > 3 else "")
        console.print(
            Text(f"not included: {len(dirty)} uncommitted change(s) in the work tree: {named}", "yellow"),
            soft_wrap=True,
        )
    if SETTINGS in dirty:
        console.print(
            Text(
                f"{SETTINGS} has uncommitted changes: the pipeline is first deployed with them, then updates itself to "
                "the committed settings. Commit them to rehearse them",
                "yellow",
            ),
            soft_wrap=True,
        )
    if plan.base_commit:
        base = f"{plan.base_commit[:12]} “{_subject(repository, plan.base_commit)}”"
        console.print(Text(f"first delivering {base}, which this commit then updates"), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
