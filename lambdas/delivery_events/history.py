"""What the pipeline's earlier executions say about one."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from .execution import ROLLBACK, Commit, Execution, read

MOST_EXECUTIONS: Final = 200
"""How far back to look; CodePipeline keeps a year of history."""
MOST_ACTIONS: Final = 5000
"""The same in runs of actions: about 50 deliveries."""
UNFINISHED: Final = ("InProgress", "Cancelled", "Superseded")
"""Of a delivery that starts over: `Cancelled` once the pipeline has changed itself, and `InProgress` until then."""


def continues_a_delivery(client: Any, execution: Execution) -> bool:
    """Return whether an earlier execution has already started to deliver the commit.

    A pipeline that updates itself starts over with the same commit, in another execution.
    """
    same = (
        found["status"]
        for found in _before(client, execution)
        if execution.commit.id in (source.get("revisionId") for source in found.get("sourceRevisions", []))
    )
    return next(same, "") in UNFINISHED


def rollback_target(client: Any, execution: Execution, stage: str) -> Commit | None:
    """Return the commit to which CodePipeline rolls the failed stage back; None if there is none.

    That is the stage's most recent success in the pipeline's current version, not itself a rollback (CodePipeline User
    Guide, "Configuring stage rollback").
    """
    found = next(_before(client, execution, filter={"succeededInStage": {"stageName": stage}}), None)
    return read(client, execution.pipeline, found["pipelineExecutionId"]).commit if found else None


def undone_execution(client: Any, execution: Execution, stage: str) -> str:
    """Return the execution that a rollback of the stage undoes; "" for other executions, or if it is not found.

    CodePipeline names it in automatic rollbacks only; otherwise it is what ran in the stage before.
    """
    if execution.kind != ROLLBACK or execution.failed_execution:
        return execution.failed_execution
    pages = client.get_paginator("list_action_executions").paginate(pipelineName=execution.pipeline)
    newest_first = (found for page in pages for found in page["actionExecutionDetails"])
    for found in islice(newest_first, MOST_ACTIONS):
        is_before = not execution.began or found["startTime"] < execution.began
        if found["stageName"] == stage and found["pipelineExecutionId"] != execution.id and is_before:
            return found["pipelineExecutionId"]
    return ""


def _before(client: Any, execution: Execution, **rest: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the pipeline's earlier executions, newest first, without rollbacks."""
    pages = client.get_paginator("list_pipeline_executions").paginate(pipelineName=execution.pipeline, **rest)
    newest_first = (found for page in pages for found in page["pipelineExecutionSummaries"])
    for found in islice(newest_first, MOST_EXECUTIONS):
        is_other = found["pipelineExecutionId"] != execution.id
        is_before = not execution.began or found["startTime"] < execution.began
        if is_other and is_before and found.get("executionType") != ROLLBACK:
            yield found
