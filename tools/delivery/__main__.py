"""Start a rollback or a hotfix in the deployed pipeline: `python -m tools.delivery rollback ENVIRONMENT`.

The exit codes are in each command's `--help`.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import PIPELINE, Assembly, UserError, read
from jobs.aws_errors import explained
from tools.accounts.accounts import Accounts
from tools.accounts.deployed_stacks import stacks_of
from tools.accounts.errors import OperationError
from tools.delivery import hotfix
from tools.delivery.pipeline import DeployedPipeline, review_key
from tools.delivery.rollback import StageRollback, Way, lines, plan, start
from tools.releases.records import RecordsError, read_all
from tools.terminal import ask

SETTINGS = Path("delivery.toml")
CANNOT, BAD_INPUT, NOT_CONFIRMED = 1, 2, 3
EXIT_CODES = (
    "Exit codes: 0 started; 1 it cannot be started now, the review stops it, or AWS denied or throttled a call; 2 bad "
    "input or no credentials; 3 not confirmed."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    try:
        assembly = read(options.assembly)
        pipeline = DeployedPipeline(assembly, Accounts())
        options.prepare(options, assembly)
    except UserError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return BAD_INPUT
    # What AWS says of a call is no mistake of the input.
    try:
        return options.run(options, pipeline)
    except (UserError, RecordsError, BotoCoreError, ClientError) as error:
        home = pipeline.home
        rights = f"credentials of {home.account} that may do this"
        print(f"{options.command}: {explained(error, rights)}", file=sys.stderr)
        return CANNOT


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.delivery", description="Operations on the pipeline.")
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (cdk.out)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    rollback = commands.add_parser(
        "rollback",
        help="return an environment to its last good release",
        description=(
            "Say what cannot be undone, review the return to the environment's last good release on record, ask for "
            "confirmation, and start it in the pipeline. Credentials: the pipeline's account."
        ),
        epilog=EXIT_CODES,
    )
    rollback.add_argument("environment", help="its name in delivery.toml")
    rollback.add_argument("--to", metavar="COMMIT", help="another good release on record, instead of the last one")
    rollback.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    rollback.set_defaults(run=_rollback, prepare=_find_stacks)
    fix = commands.add_parser(
        "hotfix",
        help="deliver a commit without the bakes before the last environment",
        description=(
            "Start the pipeline with a commit that has been pushed, skip the bakes before the last environment, and "
            "stop executions that would make it wait for theirs. Credentials: the pipeline's account."
        ),
        epilog=EXIT_CODES,
    )
    fix.add_argument("commit", nargs="?", default="HEAD", help="a branch, tag or commit (HEAD)")
    fix.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    fix.set_defaults(run=_hotfix, prepare=_find_commit)
    return parser.parse_args(arguments)


def _find_stacks(options: argparse.Namespace, assembly: Assembly) -> None:
    options.stacks = [stack.name for stack in stacks_of(options.environment, assembly)]


def _find_commit(options: argparse.Namespace, assembly: Assembly) -> None:
    options.commit, options.title = hotfix.resolve(options.commit)
    options.definition = next((properties for _, properties in assembly.pipeline.of_type(PIPELINE)), None)


def _hotfix(options: argparse.Namespace, pipeline: DeployedPipeline) -> int:
    commit: str = options.commit
    found = hotfix.obstacles(pipeline)
    print(*hotfix.lines(commit, options.title, found, pipeline, options.definition), sep="\n", flush=True)
    if not options.yes and ask("Type hotfix to start it: ") != "hotfix":
        print("nothing was started")
        return NOT_CONFIRMED
    execution = hotfix.start(commit, found, pipeline)
    print(f"started: hotfix {commit[:12]}", *_watch(execution, pipeline), sep="\n")
    return 0


def _rollback(options: argparse.Namespace, pipeline: DeployedPipeline) -> int:
    environment: str = options.environment
    stages = pipeline.stages_of(options.stacks)
    if not stages:
        raise OperationError(f"the deployed pipeline {pipeline.name} has no stage for {environment}; push first")
    records = [
        record
        for record in read_all(pipeline.client("s3"), pipeline.records, environment)
        if record.environment == environment
    ]
    with tempfile.TemporaryDirectory(prefix="rollback-") as scratch:
        steps = plan(environment, stages, records, pipeline, wanted=options.to, scratch=Path(scratch))
        for step in steps:
            print(*lines(environment, step, pipeline), sep="\n", flush=True)
            if (code := _reviewed(environment, step)) is not None:
                return code
    if not options.yes and ask(f"Type {environment} to roll it back: ") != environment:
        print("nothing was started")
        return NOT_CONFIRMED
    for step in steps:
        execution = start(step, pipeline)
        _keep_review(environment, step, execution, pipeline)
        print(*_started(environment, step, execution, pipeline), sep="\n", flush=True)
    return 0


def _reviewed(environment: str, step: StageRollback) -> int | None:
    """Review the rollback; return the command's exit code if it must not go on."""
    if step.assembly is None:
        return None
    output = _output(step)
    print(f"\nChange review of this rollback, also in {output}:", flush=True)
    match step.assembly.review(environment, SETTINGS, output):
        case 0:
            print()
            return None
        case 1:
            print(
                f"rollback: the review stops it. If the loss is acceptable, accept it in {SETTINGS} of this checkout "
                "as the review says, without pushing, and run the command again",
                file=sys.stderr,
            )
        case _:
            print("rollback: it could not be reviewed, so it was not started", file=sys.stderr)
    return CANNOT


def _keep_review(environment: str, step: StageRollback, execution: str, pipeline: DeployedPipeline) -> None:
    """Store the review as the pipeline stores its own; the rollback does not depend on it."""
    page = _output(step) / "change-review.html"
    if step.assembly is None or not page.is_file():
        return
    try:
        pipeline.client("s3").put_object(
            Bucket=pipeline.records,
            Key=review_key(execution, environment),
            Body=page.read_bytes(),
            ContentType="text/html; charset=utf-8",
            # Object Lock requires a checksum.
            ChecksumAlgorithm="SHA256",
        )
    except (BotoCoreError, ClientError) as error:
        print(f"rollback: the review is only in {page}, because it could not be stored: {error}", file=sys.stderr)


def _output(step: StageRollback) -> Path:
    return Path("report") / f"rollback-{step.stage.name}"


def _started(environment: str, step: StageRollback, execution: str, pipeline: DeployedPipeline) -> Sequence[str]:
    what = f"{step.stage.name} returns" if step.way is Way.STAGE_ROLLBACK else f"{environment} returns"
    return (
        f"started: {what} to {step.to}",
        *_watch(execution, pipeline),
        f"  then    make releases ARGS='--environment {environment}' shows the new record; mails say how it ends",
        "  next    a push delivers the newest commit again: revert the faulty one, or disable the transition into "
        f"{step.stage.name}",
    )


def _watch(execution: str, pipeline: DeployedPipeline) -> Sequence[str]:
    return (
        f"  watch   {pipeline.page(execution)}",
        f"          aws codepipeline get-pipeline-execution --region {pipeline.home.region} --pipeline-name "
        f"{pipeline.name} --pipeline-execution-id {execution} --query pipelineExecution.status",
    )


if __name__ == "__main__":
    sys.exit(main())
