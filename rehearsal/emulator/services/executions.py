"""CodePipeline's executions: recorded from the rehearsal's messages, returned by the API, sent as events.

ministack has no CodePipeline. The rehearsal runs the pipeline and reports every change to the emulator, which stores it
as CodePipeline would and sends the event through EventBridge to the account's rules.
"""

import json
import time
import uuid
from datetime import datetime
from typing import Any

from rehearsal.emulator.internals import eventbridge, responses
from rehearsal.emulator.services import builds

_executions: Any = responses.AccountRegionScopedDict()
"""By execution id: the execution, with its actions newest first."""

STATUSES = {
    "STARTED": "InProgress",
    "RESUMED": "InProgress",
    "SUCCEEDED": "Succeeded",
    "FAILED": "Failed",
    "STOPPED": "Stopped",
    "CANCELED": "Cancelled",
    "ABANDONED": "Abandoned",
}
"""The API's status by state in events."""
OWN = ("actions", "passed", "startTime", "lastUpdateTime")
"""Members of a stored execution that GetPipelineExecution does not return."""


def take(message: dict[str, Any]) -> None:
    """Store a change and send its event. The caller has set the account and region of the message."""
    event, known = message["event"], message["known"]
    detail = event["detail"]
    execution = _executions.get(detail["execution-id"])
    if execution is None:
        execution = _executions[detail["execution-id"]] = _new(detail)
    execution["lastUpdateTime"] = time.time()
    if "action" in detail:
        _keep_action(execution, detail, known)
    elif "stage" not in detail:
        _keep_execution(execution, detail, known)
    elif detail["state"] == "SUCCEEDED":
        execution["passed"].append(detail["stage"])
    _send(event)


def answer(action: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
    """Answer one call of the API as (status, JSON); None if it does not concern executions."""
    if action == "GetPipelineExecution":
        found = _executions.get(request.get("pipelineExecutionId"))
        if found is None:
            return 400, {"__type": "PipelineExecutionNotFoundException", "message": "The execution does not exist"}
        return 200, {"pipelineExecution": {key: value for key, value in found.items() if key not in OWN}}
    if action == "ListPipelineExecutions":
        of_pipeline = [one for one in _executions.values() if one["pipelineName"] == request["pipelineName"]]
        passed = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
        if passed:
            # In the pipeline's current version (CodePipeline API Reference, "PipelineExecutionFilter").
            current = max((one["pipelineVersion"] for one in of_pipeline), default=0)
            of_pipeline = [one for one in of_pipeline if one["pipelineVersion"] == current and passed in one["passed"]]
        return 200, {"pipelineExecutionSummaries": [_summary(one) for one in reversed(of_pipeline)]}
    if action == "GetPipelineState":
        of_pipeline = [one for one in _executions.values() if one["pipelineName"] == request["name"]]
        return 200, {"pipelineName": request["name"], "stageStates": _stage_states(of_pipeline)}
    if action == "ListActionExecutions":
        execution_id = request.get("filter", {}).get("pipelineExecutionId")
        newest_first = [
            one
            for one in reversed(list(_executions.values()))
            if one["pipelineName"] == request["pipelineName"] and execution_id in (None, one["pipelineExecutionId"])
        ]
        return 200, {"actionExecutionDetails": [item for execution in newest_first for item in execution["actions"]]}
    return None


def find(pipeline: str, execution_id: str) -> dict[str, Any] | None:
    """Return an execution of the pipeline."""
    found = _executions.get(execution_id)
    return found if found and found["pipelineName"] == pipeline else None


def stage_status(pipeline: str, stage: str, execution_id: str | None = None) -> str:
    """Return the status of a stage in one execution, by default in its latest; "" if it has not run there."""
    executions = [one for one in _executions.values() if one["pipelineName"] == pipeline]
    if execution_id:
        executions = [one for one in executions if one["pipelineExecutionId"] == execution_id]
    states = {state["stageName"]: state["latestExecution"]["status"] for state in _stage_states(executions)}
    return states.get(stage, "")


def _stage_states(oldest_first: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each stage's latest execution and its status."""
    states: dict[str, dict[str, Any]] = {}
    for execution in oldest_first:
        last: dict[str, dict[str, str]] = {}
        for action in reversed(execution["actions"]):
            # Of an action that was retried, the last attempt.
            last.setdefault(action["stageName"], {})[action["actionName"]] = action["status"]
        for stage, by_action in last.items():
            statuses = list(by_action.values())
            status = next((one for one in ("InProgress", "Failed") if one in statuses), statuses[-1])
            states[stage] = {
                "stageName": stage,
                "latestExecution": {"pipelineExecutionId": execution["pipelineExecutionId"], "status": status},
                "actionStates": [
                    {"actionName": name, "latestExecution": {"status": one}} for name, one in by_action.items()
                ],
            }
    return list(states.values())


def _new(detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "pipelineName": detail["pipeline"],
        "pipelineVersion": int(detail["version"]),
        "pipelineExecutionId": detail["execution-id"],
        "status": "InProgress",
        "artifactRevisions": [],
        "executionMode": "SUPERSEDED",
        "executionType": "STANDARD",
        "actions": [],
        "passed": [],
        "startTime": datetime.fromisoformat(detail["start-time"]).timestamp(),
        "lastUpdateTime": time.time(),
    }


def _summary(execution: dict[str, Any]) -> dict[str, Any]:
    revisions = [
        {"actionName": one["name"], "revisionId": one["revisionId"], "revisionSummary": one["revisionSummary"]}
        for one in execution["artifactRevisions"]
    ]
    elsewhere = ("actions", "passed", "artifactRevisions", "pipelineName", "pipelineVersion")
    return {**{key: value for key, value in execution.items() if key not in elsewhere}, "sourceRevisions": revisions}


def _keep_execution(execution: dict[str, Any], detail: dict[str, Any], known: dict[str, Any]) -> None:
    execution["status"] = STATUSES[detail["state"]]
    execution["executionType"] = known["kind"]
    if "target" in known:
        execution["rollbackMetadata"] = {"rollbackTargetPipelineExecutionId": known["target"]}
    execution["variables"] = [
        {"name": name, "resolvedValue": value} for name, value in known.get("pipeline_variables", {}).items()
    ]
    trigger = detail["execution-trigger"]
    if "trigger-type" in trigger:
        execution["trigger"] = {"triggerType": trigger["trigger-type"], "triggerDetail": trigger["trigger-detail"]}


def _keep_action(execution: dict[str, Any], detail: dict[str, Any], known: dict[str, Any]) -> None:
    identity = detail["action-execution-id"]
    kept = next((item for item in execution["actions"] if item["actionExecutionId"] == identity), None)
    if kept is None:
        kept = _new_action(execution, detail)
        execution["actions"].insert(0, kept)
    kept["status"] = STATUSES[detail["state"]]
    kept["lastUpdateTime"] = time.time()
    if "configuration" in known:
        kept["input"]["resolvedConfiguration"] = known["configuration"]
    if "variables" in known:
        kept["output"]["outputVariables"] = known["variables"]
    if "artifacts" in known:
        kept["output"]["outputArtifacts"] = known["artifacts"]
    if "updated_by" in known:
        kept["updatedBy"] = known["updated_by"]
    kept["output"]["executionResult"] = {
        "externalExecutionId": known.get("external_id", ""),
        "externalExecutionSummary": known.get("summary", ""),
    }
    if detail["type"]["category"] == "Source" and known.get("variables"):
        execution["artifactRevisions"] = [_revision(known["variables"])]
    if "log" in known:
        builds.keep(known["external_id"], state=detail["state"], log=known["log"])


def _new_action(execution: dict[str, Any], detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "pipelineExecutionId": execution["pipelineExecutionId"],
        "pipelineVersion": execution["pipelineVersion"],
        "actionExecutionId": detail["action-execution-id"],
        "stageName": detail["stage"],
        "actionName": detail["action"],
        "startTime": datetime.fromisoformat(detail["start-time"]).timestamp(),
        "input": {"actionTypeId": detail["type"], "region": detail["region"]},
        "output": {},
    }


def _revision(variables: dict[str, str]) -> dict[str, str]:
    """Return a commit's revision as a connection reports it, with the message inside JSON."""
    summary = json.dumps({"ProviderType": "GitHub", "CommitMessage": variables.get("CommitMessage", "")})
    commit = variables.get("CommitId", "")
    # The console's page that redirects to the commit at its provider.
    url = (
        f"https://{responses.get_region()}.console.aws.amazon.com/codesuite/settings/connections/redirect"
        f"?connectionArn={variables.get('ConnectionArn', '')}&referenceType=COMMIT"
        f"&FullRepositoryId={variables.get('FullRepositoryName', '')}&Commit={commit}"
    )
    return {"name": "Source", "revisionId": commit, "revisionSummary": summary, "revisionUrl": url}


def _send(event: dict[str, Any]) -> None:
    """Send an event as the service itself: PutEvents refuses AWS's sources."""
    account, region = responses.get_account_id(), responses.get_region()
    eventbridge._dispatch_event(
        {
            "EventId": str(uuid.uuid4()),
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "EventBusName": "default",
            "Time": event["time"],
            "Resources": event["resources"],
            "Account": account,
            "Region": region,
        }
    )
