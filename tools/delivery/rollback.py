"""Plans and starts the rollback of an environment."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from botocore.exceptions import ClientError

from tools.accounts.errors import OperationError
from tools.delivery.assembly import ReleasedAssembly, download
from tools.delivery.hotfix import start_execution
from tools.delivery.pipeline import BUSY, DeployedPipeline, Execution, Stage, StageState
from tools.delivery.releases import Release, good_releases, named, target
from tools.releases.records import Record

MOST_COMMITS: Final = 20
"""Shown of the commits that a rollback undoes."""


class Way(StrEnum):
    """How a stage returns to a release."""

    STAGE_ROLLBACK = "stage rollback"
    """CodePipeline runs the stage again with the release's artifacts: minutes."""
    RERUN = "re-run"
    """The commit goes through the whole pipeline again, without the bakes before the last environment."""


@dataclass(frozen=True, kw_only=True)
class StageRollback:
    """The rollback of one stage."""

    stage: Stage
    state: StageState
    running: Execution | None
    """The stage's latest execution."""
    to: Release
    way: Way
    execution: str
    """The execution whose artifacts are used; "" for a re-run."""
    between: tuple[Release, ...]
    """Good releases after `to`, which are undone."""
    assembly: ReleasedAssembly | None
    """The release's cloud assembly, for the review; None for a re-run, which the pipeline reviews."""


def plan(
    environment: str,
    stages: Sequence[Stage],
    records: Sequence[Record],
    pipeline: DeployedPipeline,
    *,
    wanted: str | None,
    scratch: Path,
) -> list[StageRollback]:
    """Return the rollback of each stage that does not have the release yet, in order.

    The first stage decides which release it is. Assemblies are downloaded into `scratch`. Raises OperationError if
    there is nothing to return to, a stage is busy, or AWS offers no way.
    """
    states = pipeline.states()
    found: list[StageRollback] = []
    for number, stage in enumerate(stages):
        state = states.get(stage.name) or StageState(execution="", status="", disabled="")
        if state.status in BUSY:
            raise OperationError(_busy(stage, state, pipeline))
        running = pipeline.execution(state.execution) if state.execution else None
        line = good_releases(records, stage.regions)
        has = running.commit if running and state.status == "Succeeded" else None
        if number and has == wanted:
            continue
        to = target(line, running=has, wanted=wanted)
        wanted = to.commit
        if to.commit == has:
            raise OperationError(f"{environment} already runs {to}")
        way, execution, assembly = _way(stage, to, pipeline, scratch)
        between = tuple(line[line.index(to) + 1 :])
        found.append(
            StageRollback(
                stage=stage,
                state=state,
                running=running,
                to=to,
                way=way,
                execution=execution,
                between=between,
                assembly=assembly,
            )
        )
    ways = {one.way for one in found}
    if Way.RERUN in ways:
        # It delivers to every stage, and one execution is enough.
        return [one for one in found if one.way is Way.RERUN][:1]
    return found


def start(step: StageRollback, pipeline: DeployedPipeline) -> str:
    """Start the rollback of one stage and return its execution's id; raises OperationError and boto3's errors."""
    client = pipeline.client("codepipeline")
    if step.way is Way.STAGE_ROLLBACK:
        try:
            answer = client.rollback_stage(
                pipelineName=pipeline.name, stageName=step.stage.name, targetPipelineExecutionId=step.execution
            )
        except ClientError as error:
            raise _refused(error, step.stage) from None
    else:
        answer = start_execution(pipeline, step.to.commit)
    return answer["pipelineExecutionId"]


def lines(environment: str, step: StageRollback, pipeline: DeployedPipeline) -> Iterator[str]:
    """Yield what is to be known before the rollback of one stage, what it cannot bring back first."""
    before = named(step.running.commit, step.running.title) if step.running else "unknown"
    failed = "" if step.state.status == "Succeeded" else f" (its deployment ended as {step.state.status or 'unknown'})"
    since = step.to.released
    yield f"{environment}, stage {step.stage.name} in {', '.join(step.stage.regions)}:"
    yield "  not undone"
    yield f"    data       rows and objects written or deleted since {since} stay as they are"
    yield "    schema     what newer tasks changed in the database's tables stays; older tasks must be able to read it"
    yield "    resources  what later releases replaced or deleted is created again, empty; the review below names it"
    yield "    versions   database and cache engines are never downgraded; the review stops at such a change"
    yield "    To restore data, see “Restore the database to a point in time” in docs/RUNBOOKS.md."
    yield f"  from     {before}{failed}"
    approved = f", approved by {step.to.approver}" if step.to.approver else ""
    yield f"  to       {step.to}, released {since}{approved}"
    if step.to.tests:
        yield f"           {step.to.tests}"
    for release in step.between:
        review = release.records[-1].content.get("review")
        found = f"; its review: {pipeline.review_page(review)}" if review else ""
        yield f"  undoes   {release}, released {release.released}{found}"
    yield from _commits(step)
    if step.way is Way.STAGE_ROLLBACK:
        yield f"  how      CodePipeline runs {step.stage.name} again with the artifacts of execution {step.execution}:"
        yield "           deploy, integration tests, bake. Nobody is asked to approve: that release already was."
        if step.state.disabled:
            yield f"  note     the transition into {step.stage.name} is disabled ({step.state.disabled}). AWS does not"
            yield "           document whether a rollback waits for it; if it does, enable it in the console."
    else:
        yield "  how      that release's artifacts have expired, so its commit goes through the whole pipeline again,"
        yield f"           with the review and approval of {environment}, without the bakes of earlier environments."


def _way(
    stage: Stage, to: Release, pipeline: DeployedPipeline, scratch: Path
) -> tuple[Way, str, ReleasedAssembly | None]:
    """Return how the stage returns to the release, and with what; raises OperationError if there is no way.

    CodePipeline rolls back to an execution that is no rollback and was started in the present version of the pipeline
    (User Guide, "Configuring stage rollback"), and its artifacts must not have expired. A re-run needs the commit's
    pipeline to be the deployed one: otherwise the pipeline updates itself and starts again with the newest commit.
    """
    present = int(pipeline.definition["version"])
    found = [execution for one in to.executions if (execution := pipeline.execution(one))]
    # What a rollback on record returned to is as good a target.
    targets = [
        execution
        for one in found
        for execution in [pipeline.execution(one.target) if one.target else one]
        if execution is not None
    ]
    same_pipeline = False
    for execution in targets:
        assembly = download(pipeline, execution.id, stage, scratch / f"{stage.name}-{execution.id}")
        if execution.version == present:
            if assembly:
                return Way.STAGE_ROLLBACK, execution.id, assembly
            same_pipeline = True
        elif assembly and assembly.definition() == pipeline.deployed_definition():
            same_pipeline = True
    if same_pipeline:
        return Way.RERUN, "", None
    raise OperationError(
        f"CodePipeline cannot return {stage.name} to {to}: the pipeline itself has changed since, or the release is "
        "too old. Running that commit again would not help: the pipeline would update itself and start over with the "
        f"newest commit. Push a revert, which is reviewed and tested like any commit:\n"
        f"  git diff --quiet HEAD && git restore --source={to.commit[:12]} --staged --worktree :/ && "
        f"git commit -m 'fix: return to {to.commit[:12]}' && git push\n"
        "  make hotfix"
    )


def _busy(stage: Stage, state: StageState, pipeline: DeployedPipeline) -> str:
    actions = f" ({', '.join(state.running)})" if state.running else ""
    return (
        f"execution {state.execution} is still in {stage.name}{actions}. Wait for its end, or stop it:\n"
        f"  aws codepipeline stop-pipeline-execution --region {pipeline.home.region} --pipeline-name {pipeline.name} "
        f"--pipeline-execution-id {state.execution}"
    )


def _refused(error: ClientError, stage: Stage) -> Exception:
    code = error.response["Error"]["Code"]
    if code in ("UnableToRollbackStageException", "ConflictException", "PipelineExecutionOutdatedException"):
        return OperationError(
            f"CodePipeline does not roll {stage.name} back now: {error.response['Error']['Message']}. The stage or the "
            "pipeline has changed in the meantime; run the command again"
        )
    return error


def _commits(step: StageRollback) -> Iterator[str]:
    """Yield the commits that the rollback undoes, if this clone has them."""
    if not step.running or not step.running.commit:
        return
    command = ["git", "log", "--oneline", "--no-decorate", f"{step.to.commit}..{step.running.commit}", "--"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield "  commits  unknown: this clone does not have both commits; git fetch"
        return
    undone = done.stdout.splitlines()
    for number, commit in enumerate(undone[:MOST_COMMITS]):
        yield f"  {'' if number else 'commits':8} {commit}"
    if len(undone) > MOST_COMMITS:
        yield f"           and {len(undone) - MOST_COMMITS} more"
