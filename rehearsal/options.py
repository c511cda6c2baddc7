"""The command line of the rehearsal."""

import argparse
import re
from datetime import datetime
from pathlib import Path

from cloud_assembly import AwsEnvironment
from cloud_assembly.assembly import REGION
from rehearsal import __version__
from rehearsal.assembly import DEFAULT_ENVIRONMENT
from rehearsal.engine.account_kind import AccountKind
from rehearsal.gaps import GapKind
from rehearsal.report.permissions import Permissions

PROGRAM = "cdk-rehearsal"
DESCRIPTION = """\
Runs an AWS CDK Pipelines project on this machine, from source to last stage, on an emulated AWS.
Without options: rehearses the last commit of the project in this folder, and writes no file.
"""
EXIT_CODES = """\
exit codes: 0 passed; 1 failed; 2 bad input; 3 stopped, rejected, or an approval without an answer;
4 not rehearsed: everything that ran succeeded, but something could not run (see --accept)
"""
COLUMNS = 100


def parser() -> argparse.ArgumentParser:
    """Return the parser; its help fits on one screen."""
    found = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [OPTION …]",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=lambda prog: argparse.RawTextHelpFormatter(prog, max_help_position=33, width=COLUMNS),
        add_help=False,
    )
    _add_project_options(found.add_argument_group("what is rehearsed"))
    _add_run_options(found.add_argument_group("how it runs"))
    _add_output_options(found.add_argument_group("what is written"))
    return found


def _add_project_options(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--ref", default="HEAD", help="deliver this commit, tag or branch (default: HEAD)")
    group.add_argument(
        "--from", dest="base_commit", metavar="REF", help="deliver this commit first, so that --ref updates it"
    )
    group.add_argument(
        "--source",
        dest="sources",
        action="append",
        default=[],
        type=_source,
        metavar="[NAME=]FOLDER",
        help="rehearse a folder without git; NAME: the contents of another source",
    )
    group.add_argument("--assembly", type=Path, metavar="DIR", help="start from this assembly; do not synthesize")
    group.add_argument("--pipeline", metavar="NAME", help="the pipeline, if the app has several")
    group.add_argument(
        "--default-env",
        type=_aws_environment,
        metavar="ACCOUNT/REGION",
        help=f"if the app names none (cdk.context.json or {DEFAULT_ENVIRONMENT})",
    )


def _add_run_options(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--approve", choices=("yes", "no"), help="answer every approval (default: ask)")
    group.add_argument(
        "--given", type=Path, metavar="FILE", help="secrets and the like that accounts have (TOML or JSON; see README)"
    )
    group.add_argument("--workload", metavar="COMMAND", help="run this as the tasks behind load balancers")
    group.add_argument(
        "--accept",
        dest="accepted",
        action="append",
        default=[],
        type=_gap_kind,
        metavar="KIND",
        help="pass although this kind of gap remains, such as docker or workload",
    )
    group.add_argument(
        "--set",
        dest="variable_overrides",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="override a variable in the builds that have it",
    )
    group.add_argument(
        "--variable",
        dest="pipeline_variables",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="start with this value of one of the pipeline's own variables",
    )
    group.add_argument(
        "--fail",
        action="append",
        default=[],
        type=_stage_and_action,
        metavar="STAGE/ACTION",
        help="make an action fail",
    )
    group.add_argument("--then", metavar="COMMAND", help="run this after the delivery, as an operator would")
    group.add_argument("--clock", type=_time, metavar="TIME", help="start at this time, such as 2026-11-24T03:00+01:00")
    group.add_argument(
        "--account",
        choices=[str(kind) for kind in AccountKind],
        default=str(AccountKind.ESTABLISHED),
        help="whose quotas apply (default: established)",
    )
    group.add_argument(
        "--permissions",
        choices=[str(mode) for mode in Permissions],
        default=str(Permissions.ENFORCED),
        help="calls that no policy allows: refuse, list or ignore them",
    )


def _add_output_options(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--report", type=Path, metavar="FOLDER", help="write report.html and the logs to FOLDER, FOLDER/2 if in use"
    )
    group.add_argument("--json", type=Path, metavar="FILE", help="write the results as data")
    group.add_argument("--html", type=Path, metavar="FILE", help="write the report")
    group.add_argument("--logs", type=Path, metavar="FOLDER", help="write the log of each action")
    group.add_argument("--check", action="store_true", help="only check the options and the commits")
    group.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}", help="print the version")
    group.add_argument("-h", "--help", action="help", help="print this")


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _source(text: str) -> tuple[str, Path]:
    """Return the name of the source action, empty for the rehearsed project's, and its folder."""
    name, equals, folder = text.partition("=")
    if not equals or Path(text).is_dir():
        return "", Path(text)
    if not Path(folder).is_dir():
        raise argparse.ArgumentTypeError(f"{folder} is no folder with the contents of the source {name}")
    return name, Path(folder).absolute()


def _aws_environment(text: str) -> AwsEnvironment:
    account, _, region = text.partition("/")
    if not re.fullmatch(r"\d{12}", account) or not re.fullmatch(REGION, region):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form ACCOUNT/REGION, such as {DEFAULT_ENVIRONMENT}")
    return AwsEnvironment(account, region)


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
