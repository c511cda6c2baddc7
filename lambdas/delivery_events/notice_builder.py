"""Builds the notice for an event of the pipeline; most events need none."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from . import outcome
from .execution import ROLLBACK, Action, Execution, read
from .failure import Clients, Reason, reason
from .history import continues_a_delivery, rollback_target, undone_execution
from .notice import Kind, Notice
from .outcome import NO_ENVIRONMENT, Outcome, Stages, named

CHANGES, REVIEW, TESTS = "CHANGES", "REVIEW", "SUMMARY"
RUNS, RISK, COMMITS = "RUNS", "RISK", "COMMITS"
"""Variables that the pipeline's reviews and tests leave; `COMMITS` is a JSON list of lines."""
HOTFIX_SKIPS: Final = "Hotfix: the bakes before the last environment are skipped."
NOT_ENTERED: Final = "A condition of the stage was not met, such as its deployment window."
APPROVAL_EXPIRES: Final = timedelta(days=7)
"""When CodePipeline fails an approval that nobody has answered (CodePipeline User Guide, "Quotas")."""


@dataclass(frozen=True, kw_only=True)
class NoticeBuilder:
    """Builds notices about one execution."""

    execution: Execution
    stages: Stages
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
            case "", "SUCCEEDED" if stage in self.stages.deployments:
                return self._rolled_back(stage) if self.execution.kind == ROLLBACK else self._succeeded(stage)
            case "", "FAILED" if stage:
                return self._failed(stage)
            case "", "STOPPED" if not stage:
                return self._stopped()
            case _:
                return None

    def _started(self) -> Notice | None:
        if continues_a_delivery(self._codepipeline, self.execution):
            return None
        return Notice(
            kind=Kind.STARTED,
            environment=NO_ENVIRONMENT,
            headline="Hotfix started" if self.execution.is_hotfix else "Delivery started",
            commit=self.execution.commit,
            details=self._skipped(),
            next="Nothing. Approvals, deployments and failures are announced.",
            link=self._timeline(),
        )

    def _waiting(self, stage: str) -> Notice:
        environment = self.stages.environment(stage)
        own = [action for action in self.execution.actions if self.stages.environments.get(action.stage) == environment]
        return Notice(
            kind=Kind.WAITING,
            environment=environment,
            headline=f"Approval needed for {environment}",
            commit=self.execution.commit,
            details=(
                *self._skipped(),
                *(f"Review: {one}" for one in _variables(REVIEW, own)),
                *(f"Runs now: {one}" for one in _variables(RUNS, own)),
                *(f"Highest risk: {one}" for one in _variables(RISK, own)),
                *(f"Changes: {one}" for one in _variables(CHANGES, own)),
                *(f"Tests: {one}" for one in _variables(TESTS, self.execution.actions)),
                *(line for one in _variables(COMMITS, own) for line in _commits(json.loads(one))),
            ),
            next="Read the review, then approve or reject. The approval expires after 7 days.",
            links={"Approve": self._stages()},
            link=self._timeline(),
        )

    def _skipped(self) -> tuple[str, ...]:
        return (HOTFIX_SKIPS,) if self.execution.is_hotfix else ()

    def _succeeded(self, stage: str) -> Notice:
        environment = self.stages.environment(stage)
        return Notice(
            kind=Kind.SUCCEEDED,
            environment=environment,
            headline=f"Deployed to {environment}",
            commit=self.execution.commit,
            details=tuple(f"Tests: {one}" for one in _variables(TESTS, self.execution.of_stage(stage))),
            next=outcome.after_success(self.stages, stage),
            link=self._timeline(),
        )

    def _failed(self, stage: str) -> Notice:
        failed = self.execution.failure(stage)
        if failed is not None and failed.category == "Approval":
            return self._not_approved(stage, failed)
        found = reason(failed, self.clients) if failed else Reason(lines=(NOT_ENTERED,))
        where = f"{stage}/{failed.name}" if failed else f"{stage}, before its first action"
        then = self._after_failure(stage, failed, found)
        return Notice(
            kind=Kind.FAILED,
            environment=self.stages.environment(stage),
            headline=f"{'Rollback' if self.execution.kind == ROLLBACK else 'Delivery'} failed in {where}",
            commit=self.execution.commit,
            reasons=found.lines,
            state=then.state,
            next=then.next,
            paste="\n\n".join(text for text in (then.paste, found.command, found.acceptance) if text),
            links=found.links,
            link=self._timeline(),
        )

    def _after_failure(self, stage: str, failed: Action | None, found: Reason) -> Outcome:
        if stage in self.stages.deployments:
            if self.execution.kind == ROLLBACK:
                return outcome.after_failed_rollback(self.stages, stage)
            target = rollback_target(self._codepipeline, self.execution, stage)
            return outcome.after_failed_deployment(
                self.stages, stage, failed, target=target, is_creation=found.is_creation
            )
        can_accept = bool(found.acceptance)
        if stage in self.stages.environments:
            return outcome.after_failed_review(self.stages, stage, can_accept=can_accept, command=found.command)
        return outcome.after_failed_preparation(stage, can_accept=can_accept)

    def _not_approved(self, stage: str, failed: Action) -> Notice:
        environment = self.stages.environment(stage)
        who = failed.updated_by.rpartition("/")[2]
        waited = failed.ended - failed.started if failed.started and failed.ended else timedelta()
        expired = waited >= APPROVAL_EXPIRES
        comment = f": “{failed.summary}”" if failed.summary else " without a comment"
        rejected = f"Rejected{f' by {who}' if who else ''}{comment}"
        return Notice(
            kind=Kind.EXPIRED if expired else Kind.REJECTED,
            environment=environment,
            headline=f"Approval for {environment} expired"
            if expired
            else f"{environment.capitalize()} deployment rejected",
            commit=self.execution.commit,
            reasons=("Nobody approved or rejected within 7 days." if expired else rejected,),
            state=f"{environment} has not changed.",
            next="Retry the stage to ask again, or push a newer commit."
            if expired
            else "Ask the approver for the reason, then push a fix.",
            link=self._timeline(),
        )

    def _stopped(self) -> Notice:
        stage, then = outcome.after_stop(self.stages, self.execution)
        return Notice(
            kind=Kind.STOPPED,
            environment=self.stages.environment(stage),
            headline=f"{'Rollback' if self.execution.kind == ROLLBACK else 'Delivery'} stopped"
            + (f" in {stage}" if stage else ""),
            commit=self.execution.commit,
            reasons=(f"Stopped by hand: {self.execution.stop_reason or 'no reason given'}",),
            state=then.state,
            next=then.next,
            link=self._timeline(),
        )

    def _rolled_back(self, stage: str) -> Notice:
        environment, failed = self.stages.environment(stage), self.execution.failed_execution
        earlier = undone_execution(self._codepipeline, self.execution, stage)
        undone = f" {named(read(self._codepipeline, self.execution.pipeline, earlier).commit)}" if earlier else ""
        state = f"{environment} runs this commit again."
        if waves := self.stages.earlier_waves(stage):
            state += f" The earlier deployments to {', '.join(waves)} were not rolled back."
        return Notice(
            kind=Kind.ROLLED_BACK,
            environment=environment,
            headline=f"{environment.capitalize()} rolled back",
            commit=self.execution.commit,
            reasons=(f"Failed commit:{undone}" if failed else f"Rolled back by hand{undone and ' from'}{undone}.",),
            state=state,
            next="Push a fix, or revert the failed commit. The next push delivers everything since."
            if failed
            else "Revert what must not return before the next push, which delivers everything since.",
            links={"Failed run": self._timeline(failed)} if failed else {},
            link=self._timeline(),
        )

    @property
    def _codepipeline(self) -> Any:
        return self.clients.home("codepipeline")

    def _stages(self) -> str:
        """Return the page with the stages, where one approves (CodePipeline User Guide, "Approve or reject")."""
        return (
            f"https://{self.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{self.execution.pipeline}"
            f"/view?region={self.region}"
        )

    def _timeline(self, execution: str = "") -> str:
        return (
            f"https://{self.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{self.execution.pipeline}"
            f"/executions/{execution or self.execution.id}/timeline?region={self.region}"
        )


def _commits(lines: Sequence[str]) -> list[str]:
    """Return the commits below a heading; nothing if there are none."""
    return ["Commits, newest first (+ added, - taken back):", *(f"  {line}" for line in lines)] if lines else []


def _variables(variable: str, actions: Iterable[Action]) -> list[str]:
    return [action.variables[variable] for action in actions if variable in action.variables]
