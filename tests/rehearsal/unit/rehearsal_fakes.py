"""A pipeline that needs no emulator: definitions as CodePipeline writes them, actions that say what they did."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import Context, Outcome, Run
from rehearsal.engine.approvals import PresetApprover
from rehearsal.engine.artifacts import Artifacts
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.definition import parse
from rehearsal.engine.execution import Execution
from rehearsal.engine.history import History
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress, Result, Status
from rehearsal.workloads.tasks import NoTasks

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""What time it is in every execution here: a Tuesday."""
HOME = AwsEnvironment("111111111111", "us-east-1")


def action(name: str, *, run_order: int = 1, namespace: str | None = None, **configuration: str) -> dict[str, Any]:
    """An action of the one kind there is here."""
    document: dict[str, Any] = {
        "name": name,
        "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "Fake", "version": "1"},
        "runOrder": run_order,
        "configuration": configuration,
    }
    return {**document, "namespace": namespace} if namespace else document


def stage(name: str, *actions: dict[str, Any], **conditions: Any) -> dict[str, Any]:
    """A stage; `conditions` are beforeEntry, onSuccess and onFailure as they stand in a definition."""
    return {"name": name, "actions": list(actions), **conditions}


def pipeline(*stages: dict[str, Any], version: int = 1, **rest: Any) -> dict[str, Any]:
    """What GetPipeline gives."""
    return {
        "name": "pipeline",
        "version": version,
        "roleArn": f"arn:aws:iam::{HOME.account}:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": list(stages),
        **rest,
    }


def checks(variable: str, operator: str, value: str, result: str = "FAIL") -> dict[str, Any]:
    """Conditions of one rule that compares."""
    rule = {
        "name": "Check",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
        "configuration": {"Variable": variable, "Operator": operator, "Value": value},
    }
    return {"conditions": [{"result": result, "rules": [rule]}]}


class OnePipeline(Cloud):
    """A cloud in which there is nothing but one pipeline."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__("http://localhost:9")
        self.document = document
        self.received: list[Mapping[str, Any]] = []
        """What an emulator would have been told of executions."""

    @override
    def in_account(self, service: str, environment: AwsEnvironment) -> Any:
        assert (service, environment) == ("codepipeline", HOME)
        return self

    @override
    def check(self, principal: str, action: str, resource: str, **context: str) -> None:
        """Let everybody do everything, as an emulator does that checks nothing."""

    @override
    def publish_event(self, message: Mapping[str, Any]) -> None:
        self.received.append(message)

    @override
    def set_commit(self, repository: Path, commit: str) -> None:
        """Forget what an emulator's CodeCommit would contain."""

    def get_pipeline(self, name: str) -> dict[str, Any]:
        assert name == self.document["name"]
        return {"pipeline": self.document}


@dataclass
class FakeExecution:
    """An execution of a pipeline with fake actions."""

    document: dict[str, Any]
    directory: Path
    behaviours: dict[str, Callable[[Run], Outcome | None]] = field(default_factory=dict)
    """What an action does, by its name; nothing, and well, if it is not there."""
    fail: frozenset[str] = frozenset()
    begun: list[str] = field(default_factory=list)
    """The actions in the order they began."""
    executions: list[str] = field(default_factory=list)
    """The execution each of them belonged to."""
    result: tuple[Result, str] | None = None
    history: History = field(default_factory=History)
    """What earlier executions have left."""
    execution_id: str = "first"
    commit: str = "0" * 40
    pipeline_variables: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> tuple[Result, str]:
        """Execute to the end."""
        self.cloud = OnePipeline(self.document)
        self.progress = Progress(self.directory / "logs", lambda _: None)
        lock = threading.Lock()

        def kind(run: Run) -> Outcome:
            with lock:
                self.begun.append(run.action.name)
                self.executions.append(run.context.execution_id)
            behave = self.behaviours.get(run.action.name)
            return (behave(run) if behave else None) or Outcome()

        context = Context(
            cloud=self.cloud,
            processes=Processes(),
            artifacts=Artifacts(self.directory / "artifacts"),
            definition=parse(self.document, HOME.region),
            home=HOME,
            execution_id=self.execution_id,
            repository=self.directory,
            commit=self.commit,
            directory=self.directory,
            approver=PresetApprover(answer=True),
            workloads=NoTasks(),
            clock=lambda: NOON,
            pipeline_variables=self.pipeline_variables,
        )
        execution = Execution(
            context,
            self.progress,
            fail=self.fail,
            history=self.history,
            action_runners={("Build", "Fake"): kind, ("Source", "Fake"): kind, ("Invoke", "Lambda"): kind},
        )
        self.result = execution.run()
        return self.result

    @property
    def statuses(self) -> dict[str, Status]:
        """The actions' last states."""
        return {action.name: action.status for stage in self.progress.stages for action in stage.actions}

    @property
    def stages(self) -> dict[str, Status]:
        """The stages' last states."""
        return {stage.name: stage.status for stage in self.progress.stages}
