"""Plans and starts a hotfix: a commit that goes through the pipeline without the bakes before the last environment."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from tools.accounts.errors import OperationError
from tools.delivery.pipeline import BUSY, HOTFIX, DeployedPipeline

BAKE: Final = "Bake"
"""The action that only watches: abandoning it leaves nothing half done."""


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """An execution that holds a stage which the hotfix must pass, and would make it wait for its bake."""

    execution: str
    stage: str
    commit: str
    running: tuple[str, ...]

    @property
    def only_bakes(self) -> bool:
        """Whether it can be abandoned at once; otherwise its actions in progress end first."""
        return bool(self.running) and all(name.endswith(BAKE) for name in self.running)


def resolve(commit: str) -> tuple[str, str]:
    """Return the commit's id and title; raises OperationError if this clone does not have it."""
    done = _git("log", "-1", "--format=%H %s", f"{commit}^{{commit}}", "--")
    if done is None:
        raise OperationError(f"{commit} is not a commit of this clone; name a branch, tag or commit, or git fetch")
    identifier, _, title = done.partition(" ")
    return identifier, title


def obstacles(pipeline: DeployedPipeline) -> list[Obstacle]:
    """Return the executions in stages whose bake a hotfix skips; raises OperationError if no stage has one."""
    if HOTFIX not in [one["name"] for one in pipeline.definition.get("variables", ())]:
        raise OperationError(
            f"the deployed pipeline {pipeline.name} has no variable {HOTFIX}: it is older than the hotfix path, which "
            "the next push installs"
        )
    states = pipeline.states()
    found: list[Obstacle] = []
    for stage in pipeline.definition["stages"]:
        skips = any(f"#{{variables.{HOTFIX}}}" in str(action.get("configuration")) for action in stage["actions"])
        state = states.get(stage["name"])
        if skips and state and state.status in BUSY:
            running = pipeline.execution(state.execution)
            found.append(
                Obstacle(
                    execution=state.execution,
                    stage=stage["name"],
                    commit=running.commit if running else "",
                    running=state.running,
                )
            )
    return found


def lines(commit: str, title: str, found: list[Obstacle], pipeline: DeployedPipeline, released: Any) -> Iterator[str]:
    """Yield what is to be known before the hotfix; `released` is the pipeline's definition in the local assembly."""
    yield f"hotfix   {commit[:12]} “{title}”"
    yield "  skips  the bakes before the last environment"
    yield "  keeps  build, reviews, integration tests, approvals, deployment windows, and the last environment's bake"
    for one in found:
        how = "stopped at once: it only bakes" if one.only_bakes else "stopped when its actions in progress have ended"
        yield f"  stops  execution {one.execution} (commit {one.commit[:12]}) in {one.stage}: {how}"
    if not _git("branch", "--remotes", "--contains", commit):
        yield "  note   no remote branch that this clone knows has this commit; push it first"
    if released != pipeline.deployed_definition():
        yield "  note   this work tree changes the pipeline itself. After its self-update the pipeline starts over with"
        yield "         the branch's newest commit and with all bakes; then run make hotfix again"


def start(commit: str, found: list[Obstacle], pipeline: DeployedPipeline) -> str:
    """Stop the obstacles, start the hotfix and return its execution's id; raises boto3's errors."""
    client = pipeline.client("codepipeline")
    for one in found:
        try:
            client.stop_pipeline_execution(
                pipelineName=pipeline.name,
                pipelineExecutionId=one.execution,
                abandon=one.only_bakes,
                reason=f"hotfix {commit[:12]}",
            )
        except ClientError as error:
            # It has ended, or somebody is stopping it.
            if error.response["Error"]["Code"] not in (
                "PipelineExecutionNotStoppableException",
                "DuplicatedStopRequestException",
            ):
                raise
    return start_execution(pipeline, commit)["pipelineExecutionId"]


def start_execution(pipeline: DeployedPipeline, commit: str) -> Mapping[str, Any]:
    """Start the pipeline with a commit, without the bakes before the last environment; raises boto3's errors."""
    declared = [one["name"] for one in pipeline.definition.get("variables", ())]
    return pipeline.client("codepipeline").start_pipeline_execution(
        name=pipeline.name,
        sourceRevisions=[{"actionName": pipeline.source_action, "revisionType": "COMMIT_ID", "revisionValue": commit}],
        # A pipeline of before the variable existed has all its bakes.
        **({"variables": [{"name": HOTFIX, "value": "yes"}]} if HOTFIX in declared else {}),
    )


def _git(*arguments: str) -> str | None:
    """Return what git prints; None if it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout.strip()
