"""A pipeline's past: executions as CodePipeline would tell of them, and the events that EventBridge delivered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from lambdas.delivery_events.clients import NotReadable
from lambdas.delivery_events.execution import DeployedStack

REGION = "us-east-1"
PIPELINE = "yawl-delivery"
ENVIRONMENTS = {"DevReview": "dev", "Dev": "dev", "ProdReview": "prod", "ProdApproval": "prod", "Prod": "prod"}
VARIABLES = {
    "APPROVAL_TOPIC": "arn:aws:sns:us-east-1:111111111111:approvals",
    "BUCKET": "artifacts",
    "DEPLOYMENTS": json.dumps(["Dev", "Prod"]),
    "DELIVERY_TOPIC": "arn:aws:sns:us-east-1:111111111111:deliveries",
    "ENVIRONMENTS": json.dumps(ENVIRONMENTS),
}
KINDS = {
    "Source": ("Source", "CodeStarSourceConnection"),
    "Approve": ("Approval", "Manual"),
    "Deploy": ("Deploy", "CloudFormation"),
}
"""Category and provider of an action, by its name; the others are builds."""
STATUSES = {"STARTED": "InProgress", "SUCCEEDED": "Succeeded", "FAILED": "Failed", "ABANDONED": "Abandoned"}
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@dataclass
class Recording:
    """What happened, in order. It stands in for AWS: what functions ask, and what they do."""

    events: list[dict[str, Any]] = field(default_factory=list)
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    """What the builds printed."""
    stack_events: tuple[dict[str, Any], ...] = ()
    """Newest first."""
    objects: dict[str, bytes] = field(default_factory=dict)
    published: list[dict[str, str]] = field(default_factory=list)
    refuses: list[str] = field(default_factory=list)
    """Errors that SNS answers with, one a call, before it takes anything."""
    templates: dict[str, Any] = field(default_factory=dict)
    """What the environment's stacks are, by their names."""
    unreadable_stacks: tuple[str, ...] = ()
    without_role: bool = False
    """Whether the environments have no role yet that may read them."""
    unreadable: bool = False
    """Whether logs and stacks cannot be read."""

    def begin(self, execution: str, **rest: Any) -> None:
        """Begin an execution; `rest` is what the API says of it besides."""
        self.executions[execution] = {"actions": [], "startTime": self._now(), "status": "InProgress", **rest}

    def action(
        self,
        execution: str,
        where: str,
        state: str,
        *,
        variables: Mapping[str, str] | None = None,
        configuration: Mapping[str, str] | None = None,
        summary: str = "",
        updated_by: str = "",
        attempt: int = 1,
    ) -> None:
        """Let an action, `Stage/Action`, begin or end."""
        stage, name = where.split("/")
        category, provider = KINDS.get(name, ("Build", "CodeBuild"))
        kind = {"owner": "AWS", "category": category, "provider": provider, "version": "1"}
        actions = self.executions[execution]["actions"]
        if state == "STARTED":
            where_it_ran = {"pipelineExecutionId": execution, "stageName": stage, "actionName": name}
            actions.insert(0, {**where_it_ran, "startTime": self._now()})
        found = next(item for item in actions if (item["stageName"], item["actionName"]) == (stage, name))
        found |= {
            "status": STATUSES[state],
            "lastUpdateTime": self._now(),
            "updatedBy": updated_by,
            "input": {"actionTypeId": kind, "region": REGION, "resolvedConfiguration": dict(configuration or {})},
            "output": {
                "outputVariables": dict(variables or {}),
                "executionResult": {"externalExecutionId": f"{name}:1", "externalExecutionSummary": summary},
            },
        }
        self._event("Action", execution, {"stage": stage, "action": name, "type": kind, "state": state}, attempt)

    def stage(self, execution: str, stage: str, state: str, *, attempt: int = 1) -> None:
        """Let a stage begin or end."""
        self._event("Stage", execution, {"stage": stage, "state": state}, attempt)

    def pipeline(self, execution: str, state: str) -> None:
        """Let an execution begin or end."""
        if state != "STARTED":
            self.executions[execution]["status"] = state.capitalize().replace("Canceled", "Cancelled")
        self._event("Pipeline", execution, {"state": state}, 1)

    def _event(self, what: str, execution: str, detail: dict[str, Any], attempt: int) -> None:
        self.events.append(
            {
                "detail-type": f"CodePipeline {what} Execution State Change",
                "source": "aws.codepipeline",
                "region": REGION,
                "time": self._now().isoformat(),
                "detail": {
                    "pipeline": PIPELINE,
                    "execution-id": execution,
                    "pipeline-execution-attempt": float(attempt),
                    **detail,
                },
            }
        )

    def _now(self) -> datetime:
        return NOON + timedelta(minutes=len(self.events))

    # As the functions see it.

    def home(self, service: str) -> Any:  # noqa: ARG002
        return self

    def environment(self, service: str, stack: DeployedStack) -> Any:  # noqa: ARG002
        if self.without_role:
            raise NotReadable("arn:aws:iam::444444444444:role/yawl-prod-delivery-reader cannot be assumed")
        return self

    def get_pipeline_execution(self, pipelineName: str, pipelineExecutionId: str) -> dict[str, Any]:  # noqa: N803, ARG002
        found = self.executions[pipelineExecutionId]
        return {"pipelineExecution": {key: value for key, value in found.items() if key != "actions"}}

    def summaries(self, stage: str | None) -> list[dict[str, Any]]:
        """Return executions, newest first; with a stage, those that passed it."""
        passed = {
            event["detail"]["execution-id"]
            for event in self.events
            if "action" not in event["detail"] and event["detail"].get("stage") == stage
            if event["detail"]["state"] == "SUCCEEDED"
        }
        return [
            {
                "pipelineExecutionId": name,
                "status": found["status"],
                "startTime": found["startTime"],
                "executionType": found.get("executionType", "STANDARD"),
                "sourceRevisions": [
                    {"revisionId": item["output"]["outputVariables"].get("CommitId", "")}
                    for item in found["actions"]
                    if item["stageName"] == "Source" and "output" in item
                ],
            }
            for name, found in reversed(self.executions.items())
            if stage is None or name in passed
        ]

    def get_paginator(self, operation: str) -> Any:
        return _Paginator(self, operation)

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        if self.unreadable:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "BatchGetBuilds")
        return {"builds": [{"id": ids[0], "logs": {"groupName": "group", "streamName": "stream", "deepLink": "log"}}]}

    def get_log_events(self, nextToken: str = "0", **_rest: Any) -> dict[str, Any]:  # noqa: N803
        at = int(nextToken)
        page = self.log[at : at + 3]
        return {"events": [{"message": line} for line in page], "nextForwardToken": str(at + len(page))}

    def put_object(self, Key: str, Body: bytes, IfNoneMatch: str = "", **_rest: Any) -> None:  # noqa: N803
        if IfNoneMatch == "*" and Key in self.objects:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        self.objects[Key] = Body

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        if StackName in self.unreadable_stacks:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetTemplate")
        return {"TemplateBody": self.templates.get(StackName, {"Resources": {}})}

    def describe_stack_resource(self, StackName: str, LogicalResourceId: str) -> dict[str, Any]:  # noqa: N803, ARG002
        return {"StackResourceDetail": {"PhysicalResourceId": "arn:aws:ecs:us-east-1:1:service/yawl-prod/engine"}}

    def list_tasks(self, cluster: str, serviceName: str) -> dict[str, Any]:  # noqa: N803
        assert (cluster, serviceName) == ("yawl-prod", "engine")
        return {"taskArns": ["task"]}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert (cluster, tasks) == ("yawl-prod", ["task"])
        return {"tasks": [{"containers": [{"image": "repository/yawl:6.1.0", "imageDigest": "sha256:1234"}]}]}

    def delete_object(self, Key: str, **_rest: Any) -> None:  # noqa: N803
        del self.objects[Key]

    def publish(self, **message: str) -> None:
        if self.refuses:
            raise ClientError({"Error": {"Code": self.refuses.pop()}}, "Publish")
        self.published.append(message)


@dataclass
class _Paginator:
    recording: Recording
    operation: str

    def paginate(self, **arguments: Any) -> list[dict[str, Any]]:
        if self.operation == "describe_stack_events":
            return [{"StackEvents": [event]} for event in self.recording.stack_events]
        if self.operation == "list_pipeline_executions":
            stage = arguments.get("filter", {}).get("succeededInStage", {}).get("stageName")
            return [{"pipelineExecutionSummaries": [one]} for one in self.recording.summaries(stage)]
        wanted = arguments.get("filter", {}).get("pipelineExecutionId")
        executions = [one for name, one in self.recording.executions.items() if wanted in (None, name)]
        return [{"actionExecutionDetails": [item]} for one in reversed(executions) for item in one["actions"]]


SOURCE = {
    "CommitId": "1a2b3c4d5e6f" + "0" * 28,
    "CommitMessage": "Keep cases for a week longer\n\nBecause audits ask for them.",
    "AuthorDisplayName": "Ada Lovelace",
}


def begun(recording: Recording, execution: str = "one", **source: str) -> None:
    """Fetch the source and get through the build."""
    recording.begin(execution)
    recording.pipeline(execution, "STARTED")
    passed(recording, execution, "Source", Source={**SOURCE, **source})
    passed(recording, execution, "Build", Synth={})


def passed(recording: Recording, execution: str, stage: str, /, **actions: Mapping[str, str]) -> None:
    """Get through a stage; its actions leave these variables."""
    recording.stage(execution, stage, "STARTED")
    for name, variables in actions.items():
        recording.action(execution, f"{stage}/{name}", "STARTED")
        stack = {"StackName": f"yawl-{stage.lower()}-application", "RoleArn": "arn:aws:iam::444444444444:role/cdk"}
        configuration = stack if name == "Deploy" else {}
        recording.action(execution, f"{stage}/{name}", "SUCCEEDED", variables=variables, configuration=configuration)
    recording.stage(execution, stage, "SUCCEEDED")


def reviewed(recording: Recording, environment: str, execution: str = "one") -> None:
    name = environment.lower()
    passed(
        recording,
        execution,
        f"{environment}Review",
        ReviewChanges={
            "CHANGES": f"{name}: resources 3 changed, in 2 of 7 stacks",
            "REVIEW": f"https://review/{name}",
            "RUNS": "0f0f0f0f0f0f “Keep cases for a week” (2 commits to add)",
            "RISK": f"replaced or removed: Group in yawl-{name}-database",
            "COMMITS": json.dumps(
                ["+ 1a2b3c4d5e6f Keep cases for a week longer (Ada)", "+ 9c8d7e6f5a4b Tidy “up” (Grace)"]
            ),
        },
    )


def deployed(recording: Recording, environment: str, execution: str = "one") -> None:
    tests = {"SUMMARY": f"{environment.lower()}: 24 passed in 12.3 s, p99 31 ms"}
    passed(recording, execution, environment, Deploy={}, IntegrationTests=tests, Bake={})


def failed(recording: Recording, where: str, execution: str = "one", **details: Any) -> None:
    """Let an action fail, its stage and the execution with it."""
    stage, _ = where.split("/")
    recording.stage(execution, stage, "STARTED")
    recording.action(execution, where, "STARTED")
    recording.action(execution, where, "FAILED", **details)
    recording.stage(execution, stage, "FAILED")
    recording.pipeline(execution, "FAILED")


def waiting(recording: Recording, execution: str = "one") -> None:
    recording.stage(execution, "ProdApproval", "STARTED")
    recording.action(execution, "ProdApproval/Approve", "STARTED")


def approved(recording: Recording, execution: str = "one") -> None:
    waiting(recording, execution)
    recording.action(
        execution,
        "ProdApproval/Approve",
        "SUCCEEDED",
        summary="go",
        updated_by="arn:aws:sts::111111111111:assumed-role/Approver/grace",
    )
    recording.stage(execution, "ProdApproval", "SUCCEEDED")


def rolled_back(recording: Recording, stage: str, *, target: str, failed_execution: str) -> None:
    recording.begin(
        "rollback",
        executionType="ROLLBACK",
        rollbackMetadata={"rollbackTargetPipelineExecutionId": target},
        trigger={
            "triggerType": "AutomatedRollback",
            "triggerDetail": json.dumps({"FailedPipelineExecutionId": failed_execution}),
        },
    )
    recording.pipeline("rollback", "STARTED")
    recording.stage("rollback", stage, "STARTED")
    recording.action("rollback", f"{stage}/Deploy", "STARTED")
