"""Which notice an event of the pipeline gives rise to, if any."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .execution import ROLLBACK, Action, Execution
from .failure import Clients, reason
from .notice import Kind, Notice

CHANGES, REVIEW, TESTS = "CHANGES", "REVIEW", "SUMMARY"
"""Variables that the pipeline's reviews and tests leave."""
BEFORE_ALL = "before the environments"


@dataclass(frozen=True, kw_only=True)
class NoticeBuilder:
    """What there is to tell of an execution."""

    execution: Execution
    environments: Mapping[str, str]
    """The environment that each stage is of; other stages come before all of them."""
    deployments: Collection[str]
    """The stages after which an environment has the commit."""
    region: str
    clients: Clients

    def notice(self, event: Mapping[str, Any]) -> Notice | None:
        """Return the notice about an event, as EventBridge delivers it; None where there is nothing to tell."""
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
            environment=BEFORE_ALL,
            headline="Delivery started",
            commit=self.execution.commit,
            next="Nothing. You will be told when an approval waits, an environment has the commit, or something fails.",
            link=self._timeline(),
        )

    def _waiting(self, stage: str) -> Notice:
        environment = self._environment(stage)
        own = [action for action in self.execution.actions if self.environments.get(action.stage) == environment]
        return Notice(
            kind=Kind.WAITING,
            environment=environment,
            headline=f"{environment} waits for approval",
            commit=self.execution.commit,
            details=(
                *(f"Changes: {one}" for one in _told(CHANGES, own)),
                *(f"Tested before: {one}" for one in _told(TESTS, self.execution.actions)),
                *(f"Review: {one}" for one in _told(REVIEW, own)),
            ),
            next="Read the review, then approve or reject. Without an answer it ends after 7 days.",
            link=self._timeline(),
        )

    def _succeeded(self, stage: str) -> Notice:
        environment = self._environment(stage)
        return Notice(
            kind=Kind.SUCCEEDED,
            environment=environment,
            headline=f"{environment} has the commit",
            commit=self.execution.commit,
            details=tuple(f"Tested: {one}" for one in _told(TESTS, self.execution.of_stage(stage))),
            next="Nothing. The pipeline goes on by itself.",
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
                f"Look at {self._environment(stage)} now: neither the new release nor the one before is whole there. "
                "Then push a repair, or retry the stage."
            )
        if stage not in self.environments:
            return "Push a repair. No environment was touched."
        return (
            "Push a repair, or retry the stage where the cause was outside of the commit. Later environments are "
            "untouched. The stage is being rolled back to the last execution that got through it; CodePipeline cannot "
            "where there is none, or where the pipeline itself has changed since: then it stays as the failure left it."
        )

    def _rejected(self, stage: str, failed: Action) -> Notice:
        environment = self._environment(stage)
        who = failed.updated_by.rpartition("/")[2]
        said = f"“{failed.summary}”" if failed.summary else "without a comment"
        return Notice(
            kind=Kind.REJECTED,
            environment=environment,
            headline=f"{environment} was refused",
            commit=self.execution.commit,
            details=(f"By {who}: {said}" if who else f"The approver: {said}",),
            next=f"Ask the approver what is missing, and push. {environment} is as it was.",
            link=self._timeline(),
        )

    def _rolled_back(self, stage: str) -> Notice:
        environment = self._environment(stage)
        return Notice(
            kind=Kind.ROLLED_BACK,
            environment=environment,
            headline=f"{environment} was rolled back",
            commit=self.execution.commit,
            details=(f"It has this commit again. The execution that failed: {self.execution.failed_execution}",)
            if self.execution.failed_execution
            else ("It has this commit again.",),
            next="Push a repair of what failed, or revert it: the next push delivers everything since.",
            link=self._timeline(),
        )

    def _environment(self, stage: str) -> str:
        return self.environments.get(stage, BEFORE_ALL)

    def _timeline(self) -> str:
        return (
            f"https://{self.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{self.execution.pipeline}"
            f"/executions/{self.execution.id}/timeline?region={self.region}"
        )


def _told(variable: str, actions: Iterable[Action]) -> list[str]:
    return [action.variables[variable] for action in actions if variable in action.variables]
