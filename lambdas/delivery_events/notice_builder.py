"""Builds the notice for an event of the pipeline; most events need none."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .execution import ROLLBACK, Action, Execution
from .failure import Clients, reason
from .notice import Kind, Notice

CHANGES, REVIEW, TESTS = "CHANGES", "REVIEW", "SUMMARY"
RUNS, RISK, COMMITS = "RUNS", "RISK", "COMMITS"
"""Variables that the pipeline's reviews and tests leave; `COMMITS` is a JSON list of lines."""
NO_ENVIRONMENT = "none yet"


@dataclass(frozen=True, kw_only=True)
class NoticeBuilder:
    """Builds notices about one execution."""

    execution: Execution
    environments: Mapping[str, str]
    """The environment of each stage. Source, Build and the like belong to none."""
    deployments: Collection[str]
    """The stages whose success means that the commit is deployed."""
    region: str
    clients: Clients

    def notice(self, event: Mapping[str, Any]) -> Notice | None:
        """Return the notice about an event, as EventBridge delivers it; None for events without one."""
        detail = event["detail"]
        kind, state, stage = detail.get("type", {}).get("category", ""), detail["state"], detail.get("stage", "")
        match kind, state:
            case "Source", "SUCCEEDED":
                return self._started()
            case "Approval", "STARTED":
                return self._waiting(stage)
            case "", "SUCCEEDED" if stage in self.deployments:
                return self._rolled_back(stage) if self.execution.kind == ROLLBACK else self._succeeded(stage)
            case "", "FAILED" if stage:
                return self._failed(stage)
            case _:
                return None

    def _started(self) -> Notice:
        return Notice(
            kind=Kind.STARTED,
            environment=NO_ENVIRONMENT,
            headline="Delivery started",
            commit=self.execution.commit,
            next="Nothing. Approvals, deployments and failures are announced.",
            link=self._timeline(),
        )

    def _waiting(self, stage: str) -> Notice:
        environment = self._environment(stage)
        own = [action for action in self.execution.actions if self.environments.get(action.stage) == environment]
        return Notice(
            kind=Kind.WAITING,
            environment=environment,
            headline=f"Approval needed for {environment}",
            commit=self.execution.commit,
            details=(
                *(f"Review: {one}" for one in _variables(REVIEW, own)),
                *(f"Runs now: {one}" for one in _variables(RUNS, own)),
                *(f"Highest risk: {one}" for one in _variables(RISK, own)),
                *(f"Changes: {one}" for one in _variables(CHANGES, own)),
                *(f"Tests: {one}" for one in _variables(TESTS, self.execution.actions)),
                *(line for one in _variables(COMMITS, own) for line in _commits(json.loads(one))),
            ),
            next="Read the review, then approve or reject. The approval expires after 7 days.",
            link=self._timeline(),
        )

    def _succeeded(self, stage: str) -> Notice:
        environment = self._environment(stage)
        return Notice(
            kind=Kind.SUCCEEDED,
            environment=environment,
            headline=f"Deployed to {environment}",
            commit=self.execution.commit,
            details=tuple(f"Tests: {one}" for one in _variables(TESTS, self.execution.of_stage(stage))),
            next="Nothing. The pipeline continues.",
            link=self._timeline(),
        )

    def _failed(self, stage: str) -> Notice:
        failed = self.execution.failure(stage)
        if failed is not None and failed.category == "Approval":
            return self._rejected(stage, failed)
        found = reason(failed, self.clients) if failed else None
        where = f"{stage}/{failed.name}" if failed else f"{stage}, before its first action"
        rolling = self.execution.kind == ROLLBACK
        return Notice(
            kind=Kind.FAILED,
            environment=self._environment(stage),
            headline=f"{'Rollback' if rolling else 'Delivery'} failed in {where}",
            commit=self.execution.commit,
            details=(found.line, *([f"Log: {found.link}"] if found.link else [])) if found else (),
            next=self._after_failure(stage),
            link=self._timeline(),
        )

    def _after_failure(self, stage: str) -> str:
        if self.execution.kind == ROLLBACK:
            return (
                f"Check {self._environment(stage)} now: it may run parts of both releases. "
                "Then push a fix, or retry the stage."
            )
        if stage not in self.environments:
            return "Push a fix. No environment has changed."
        return (
            "Push a fix, or retry the stage if the commit is not the cause. Later environments have not changed. "
            "CodePipeline rolls the stage back to its last successful execution, unless there is none or the pipeline "
            "itself has changed since; then the stage stays as it is."
        )

    def _rejected(self, stage: str, failed: Action) -> Notice:
        environment = self._environment(stage)
        who = failed.updated_by.rpartition("/")[2]
        comment = f": “{failed.summary}”" if failed.summary else " without a comment"
        return Notice(
            kind=Kind.REJECTED,
            environment=environment,
            headline=f"{environment.capitalize()} deployment rejected",
            commit=self.execution.commit,
            details=(f"Rejected{f' by {who}' if who else ''}{comment}",),
            next=f"Ask the approver for the reason, then push a fix. {environment} has not changed.",
            link=self._timeline(),
        )

    def _rolled_back(self, stage: str) -> Notice:
        environment = self._environment(stage)
        return Notice(
            kind=Kind.ROLLED_BACK,
            environment=environment,
            headline=f"{environment.capitalize()} rolled back",
            commit=self.execution.commit,
            details=(
                f"{environment} runs this commit again.",
                *([f"Failed execution: {failed}"] if (failed := self.execution.failed_execution) else []),
            ),
            next="Push a fix, or revert the failed commit. The next push delivers everything since.",
            link=self._timeline(),
        )

    def _environment(self, stage: str) -> str:
        return self.environments.get(stage, NO_ENVIRONMENT)

    def _timeline(self) -> str:
        return (
            f"https://{self.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{self.execution.pipeline}"
            f"/executions/{self.execution.id}/timeline?region={self.region}"
        )


def _commits(lines: Sequence[str]) -> list[str]:
    """Return the commits below a heading; nothing if there are none."""
    return ["Commits, newest first (+ added, - taken back):", *(f"  {line}" for line in lines)] if lines else []


def _variables(variable: str, actions: Iterable[Action]) -> list[str]:
    return [action.variables[variable] for action in actions if variable in action.variables]
