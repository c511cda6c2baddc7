"""Executions that a caller starts or stops: RollbackStage, StartPipelineExecution and StopPipelineExecution.

The emulator only checks and records a request. The rehearsal runs what was requested, with the execution id that the
caller got (`rehearsal/follow_up.py`). Errors: "RollbackStage", "StartPipelineExecution" and "StopPipelineExecution" in
CodePipeline's API Reference; "Configuring stage rollback", User Guide.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.emulator.internals import here
from rehearsal.emulator.services import executions

Answer = tuple[int, dict[str, Any]]

ACTIONS = ("RollbackStage", "StartPipelineExecution", "StopPipelineExecution")

requested: list[dict[str, Any]] = []
"""Executions that callers have started, in order."""


def answer(action: str, request: Mapping[str, Any], definition: Mapping[str, Any]) -> Answer:
    """Answer one call of `ACTIONS` about the pipeline with this definition, as (status, JSON)."""
    match action:
        case "RollbackStage":
            return _roll_back(request, definition)
        case "StartPipelineExecution":
            return _start(request, definition)
        case _:
            return _stop(request)


def _roll_back(request: Mapping[str, Any], definition: Mapping[str, Any]) -> Answer:
    stage, target = request["stageName"], request["targetPipelineExecutionId"]
    names = [one["name"] for one in definition["stages"]]
    if stage not in names:
        return _error("StageNotFoundException", f"The pipeline has no stage with name '{stage}'")
    execution = executions.find(definition["name"], target)
    if execution is None:
        return _error("PipelineExecutionNotFoundException", f"The execution {target} does not exist")
    reason = _obstacle(stage, execution, definition)
    if reason:
        return _error("UnableToRollbackStageException", f"Unable to roll back the stage {stage}: {reason}")
    return _accept(definition, {"kind": "rollback", "stage": stage, "target": target})


def _obstacle(stage: str, target: Mapping[str, Any], definition: Mapping[str, Any]) -> str:
    if stage == definition["stages"][0]["name"]:
        return "a source stage cannot be rolled back"
    if target["executionType"] == "ROLLBACK":
        return "the target execution is a rollback"
    if target["pipelineVersion"] != definition["version"]:
        return "the pipeline has changed since the target execution was started"
    if executions.stage_status(definition["name"], stage, target["pipelineExecutionId"]) != "Succeeded":
        return "the target execution has not succeeded in it"
    if executions.stage_status(definition["name"], stage) == "InProgress":
        return "the stage is currently running"
    return ""


def _start(request: Mapping[str, Any], definition: Mapping[str, Any]) -> Answer:
    declared = {one["name"] for one in definition.get("variables", [])}
    variables = {one["name"]: one["value"] for one in request.get("variables", [])}
    if unknown := variables.keys() - declared:
        return _error("ValidationException", f"The pipeline does not declare these variables: {', '.join(unknown)}")
    sources = {one["name"] for one in definition["stages"][0]["actions"]}
    commit = ""
    for override in request.get("sourceRevisions", []):
        if override["actionName"] not in sources:
            return _error("ValidationException", f"There is no source action {override['actionName']}")
        commit = override["revisionValue"]
    return _accept(definition, {"kind": "start", "commit": commit, "variables": variables})


def _stop(request: Mapping[str, Any]) -> Answer:
    name, identifier = request["pipelineName"], request["pipelineExecutionId"]
    execution = executions.find(name, identifier)
    if execution is None:
        return _error("PipelineExecutionNotFoundException", f"The execution {identifier} does not exist")
    if execution["status"] != "InProgress":
        return _error("PipelineExecutionNotStoppableException", f"The execution {identifier} is not in progress")
    execution["status"] = "Stopping"
    return 200, {"pipelineExecutionId": identifier}


def _accept(definition: Mapping[str, Any], what: Mapping[str, Any]) -> Answer:
    account, region = here()
    identifier = str(uuid.uuid4())
    place = {"account": account, "region": region, "pipeline": definition["name"]}
    requested.append({**place, "execution": identifier, **what})
    return 200, {"pipelineExecutionId": identifier}


def _error(code: str, message: str) -> Answer:
    return 400, {"__type": code, "message": message}
