"""Runs a pipeline's definition as CodePipeline does."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from rehearsal.actions import approval, artifacts, build, commands, deploy
from rehearsal.actions.run import (
    ActionFailed,
    ActionNotEmulated,
    ActionNotRehearsed,
    Context,
    Outcome,
    Rejected,
    Run,
    Unanswered,
)
from rehearsal.actions.services import bucket, container_service, function, state_machine
from rehearsal.actions.sources import codecommit, connection, ecr, github, s3
from rehearsal.engine.artifacts import ArtifactNotFound
from rehearsal.engine.conditions import RULES, ConditionEvaluator, UnmetCondition, no_rule
from rehearsal.engine.definition import Action, Condition, Definition, OnFailure, Stage, parse
from rehearsal.engine.events import CANCELED, RESUMED, ROLLED_BACK, STARTED, EventPublisher, Rollback
from rehearsal.engine.history import History, RollbackUnavailable, SuccessfulRun
from rehearsal.engine.variables import UnresolvedVariable, resolve
from rehearsal.gaps import Gap, GapKind
from rehearsal.process.processes import Stopped, run_in_parallel
from rehearsal.report.progress import STOPPED, ActionProgress, Progress, Result, StageProgress, Status

MAX_RESTARTS = 3
"""How often a pipeline may update itself in one rehearsal."""

ActionRunners = Mapping[tuple[str, str], Callable[[Run], Outcome]]
"""The function that runs an action, by category and provider."""

ACTION_RUNNERS: ActionRunners = {
    ("Source", "CodeStarSourceConnection"): connection.execute,
    ("Source", "CodeCommit"): codecommit.execute,
    ("Source", "ECR"): ecr.execute,
    ("Source", "GitHub"): github.execute,
    ("Source", "S3"): s3.execute,
    ("Build", "CodeBuild"): build.execute,
    ("Test", "CodeBuild"): build.execute,
    ("Compute", "Commands"): commands.execute,
    ("Deploy", "CloudFormation"): deploy.execute,
    ("Deploy", "S3"): bucket.execute,
    ("Deploy", "ECS"): container_service.execute,
    ("Invoke", "Lambda"): function.execute,
    ("Invoke", "StepFunctions"): state_machine.execute,
    ("Approval", "Manual"): approval.execute,
}


def no_runner(category: str, provider: str) -> str:
    """Return why an action without a runner is not rehearsed."""
    return f"{category} actions of {provider} are not rehearsed"


def new_execution_id() -> str:
    """Return a new execution id."""
    return str(uuid.uuid4())


class _InputNotRehearsed(Exception):  # noqa: N818
    """The action needs what an action that was not rehearsed would have given."""


class Execution:
    """One execution of a pipeline, including restarts after it has updated itself."""

    def __init__(
        self,
        context: Context,
        progress: Progress,
        *,
        fail: frozenset[str],
        history: History,
        action_runners: ActionRunners = ACTION_RUNNERS,
    ) -> None:
        self._action_runners = action_runners
        self._history = history
        self._context = context
        self._progress = progress
        self._fail = fail
        self._namespaces: dict[str, dict[str, str]] = {}
        self._missing: dict[str, str] = {}
        """The action, not rehearsed, that would have given an artifact (by its name) or variables (`#{namespace.`)."""
        self._conditions = ConditionEvaluator(context.cloud, context.home, context.clock, context.pipeline_credentials)
        self._events = EventPublisher(context, context.cloud.publish_event)

    @property
    def definition(self) -> Definition:
        """The definition after the latest restart."""
        return self._context.definition

    def run(self) -> tuple[Result, str]:
        """Run all stages; return the result and its reason."""
        for _ in range(MAX_RESTARTS + 1):
            self._missing = {}
            self._namespaces = {
                "codepipeline": {"PipelineExecutionId": self._context.execution_id},
                "variables": {**self._context.definition.variables, **self._context.pipeline_variables},
            }
            self._progress.begin(self._context.definition)
            self._events.execution(STARTED)
            if ended := self._run_stages(self._context.definition):
                self._events.execution(ended[0])
                return ended
        return (
            Result.FAILED,
            f"the pipeline updated itself {MAX_RESTARTS + 1} times in a row: each synthesis gives another definition",
        )

    def _run_stages(self, definition: Definition) -> tuple[Result, str] | None:
        """Run the stages; return None if the pipeline updated itself and must restart."""
        for stage in definition.stages:
            progress = next(item for item in self._progress.stages if item.name == stage.name)
            status, reason = self._run_stage(stage, progress)
            if status is Status.SKIPPED:
                self._progress.skip(progress, reason)
            self._progress.set_stage(progress, status, reason)
            self._events.stage(stage.name, status)
            if status not in (Status.SUCCEEDED, Status.SKIPPED):
                return Result(status), reason
            current = self._deployed_definition()
            if current.version != definition.version:
                self._events.execution(CANCELED)
                self._context = replace(self._context, definition=current, execution_id=new_execution_id())
                self._events = EventPublisher(self._context, self._context.cloud.publish_event)
                return None
        return Result.SUCCEEDED, ""

    def _deployed_definition(self) -> Definition:
        client = self._context.cloud.in_account("codepipeline", self._context.home)
        return parse(client.get_pipeline(name=self._context.definition.name)["pipeline"], self._context.home.region)

    def _run_stage(self, stage: Stage, progress: StageProgress) -> tuple[Status, str]:
        self._progress.set_stage(progress, Status.RUNNING)
        for provider in stage.rule_providers() - RULES:
            self._progress.add_gap(Gap(GapKind.ACTION, stage.name, no_rule(provider)))
        if unmet := self._unmet(stage, stage.before_entry):
            condition, reason = unmet
            if condition.result == "SKIP":
                return Status.SKIPPED, reason
            self._events.stage(stage.name, STARTED)
            return Status.FAILED, reason
        if waits := self._conditions.skip_wait(stage.before_entry):
            self._progress.set_stage(progress, Status.RUNNING, waits)
        self._events.stage(stage.name, STARTED)
        status, reason = self._run_actions(stage, only_failed=False)
        if status is Status.FAILED and stage.on_failure:
            status, reason = self._after_failure(stage, stage.on_failure, reason)
        if status is Status.SUCCEEDED and (unmet := self._unmet(stage, stage.on_success)):
            condition, objection = unmet
            return Status.FAILED, self._rolled_back(stage, objection) if condition.result == "ROLLBACK" else objection
        if status is Status.SUCCEEDED:
            self._history.record(stage.name, self._context, self._namespaces)
        return status, reason or waits

    def _unmet(self, stage: Stage, conditions: tuple[Condition, ...]) -> UnmetCondition:
        return self._conditions.unmet(conditions, self._namespaces, partial(self._run_rule, stage))

    def _run_rule(self, stage: Stage, action: Action) -> str | None:
        """Run what a rule does, beside the stage's actions; return why it is not met. Without a rehearsal it is met."""
        progress = self._progress.add_action(stage.name, action)
        self._run_to_end(stage, action, progress)
        progress.passed_over = progress.status is Status.NOT_REHEARSED
        if progress.status is Status.STOPPED:
            raise Stopped
        return progress.reason if progress.status is Status.FAILED else None

    def _after_failure(self, stage: Stage, on_failure: OnFailure, reason: str) -> tuple[Status, str]:
        result = on_failure.result
        if unmet := self._unmet(stage, on_failure.conditions):
            result = unmet[0].result
        if result == "RETRY":
            self._events.stage(stage.name, Status.FAILED)
            self._events.stage(stage.name, RESUMED)
            status, again = self._run_actions(stage, only_failed=on_failure.retry_mode != "ALL_ACTIONS")
            return status, f"{again} (after a retry)" if again else ""
        if result == "SKIP":
            return Status.SKIPPED, reason
        if result == "ROLLBACK":
            return Status.FAILED, self._rolled_back(stage, reason)
        return Status.FAILED, reason

    def _rolled_back(self, stage: Stage, reason: str) -> str:
        """Run the stage's actions with the artifacts of its last success; return the reason and the outcome.

        CodePipeline rolls back in a separate execution, without conditions.
        """
        try:
            good = self._history.last_success(stage.name, self._context.definition)
        except RollbackUnavailable as refusal:
            return f"{reason}; {refusal}"
        # The rollback starts after the failed execution has ended.
        self._events.stage(stage.name, Status.FAILED)
        self._events.execution(Result.FAILED)
        earlier = Execution(
            replace(good.context, execution_id=new_execution_id()),
            self._progress,
            fail=self._fail,
            history=self._history,
            action_runners=self._action_runners,
        )
        rollback = Rollback(good.context.execution_id, failed=self._context.execution_id)
        status, fault = earlier.roll_back(stage, good, rollback)
        commit = good.context.commit[:12]
        if status is Status.SUCCEEDED:
            return f"{reason}; rolled back to commit {commit}"
        return f"{reason}; the rollback to commit {commit} also failed: {fault}"

    def roll_back(self, stage: Stage, good: SuccessfulRun, rollback: Rollback) -> tuple[Status, str]:
        """Run a stage again with the artifacts and variables of an earlier execution; return its status and reason.

        The execution's context is that run's, with an execution id of its own.
        """
        self._namespaces = {name: dict(values) for name, values in good.namespaces.items()}
        self._events.rollback = rollback
        again = replace(stage, name=f"{stage.name}{ROLLED_BACK}")
        progress = self._progress.add_stage(again)
        self._progress.set_stage(progress, Status.RUNNING)
        self._events.execution(STARTED)
        self._events.stage(again.name, STARTED)
        status, fault = self._run_actions(again, only_failed=False)
        self._events.stage(again.name, status)
        self._events.execution(Result(status))
        self._progress.set_stage(progress, status, fault)
        return status, fault

    def _run_actions(self, stage: Stage, *, only_failed: bool) -> tuple[Status, str]:
        for group in stage.run_orders():
            todo = [
                action
                for action in group
                if not (only_failed and self._progress.action(stage.name, action.name).status is Status.SUCCEEDED)
            ]
            ended = run_in_parallel(partial(self._run_action, stage), todo, self._context.processes)
            for status in (Status.FAILED, Status.NOT_REHEARSED, Status.REJECTED, Status.STOPPED):
                for item in ended:
                    if item.status is status and not item.passed_over:
                        return status, f"{item.full_name}: {item.reason}"
        return Status.SUCCEEDED, ""

    def _run_action(self, stage: Stage, action: Action) -> ActionProgress:
        progress = self._progress.action(stage.name, action.name)
        variables = self._run_to_end(stage, action, progress)
        if action.namespace and progress.status is Status.SUCCEEDED:
            self._namespaces[action.namespace] = dict(variables)
        return progress

    def _run_to_end(self, stage: Stage, action: Action, progress: ActionProgress) -> Mapping[str, str]:
        """Run the action, record its status and return its output variables."""
        self._progress.start(progress)
        variables: Mapping[str, str] = {}
        try:
            outcome = self._outcome(stage, action, progress)
        except ActionNotRehearsed as gap:
            self._pass_over(action, progress, gap)
        except Rejected as rejection:
            self._progress.end(progress, Status.REJECTED, str(rejection))
        except Unanswered as silence:
            self._progress.end(progress, Status.STOPPED, str(silence))
        except Stopped:
            self._progress.end(progress, Status.STOPPED, STOPPED)
        except Exception as error:  # noqa: BLE001 - any error fails the action and is shown
            if self._context.processes.is_stopping:
                # The emulator has ended, so that calls to it fail.
                self._progress.end(progress, Status.STOPPED, STOPPED)
            else:
                self._record_failure(progress, error)
        else:
            progress.deployed = outcome.deployed
            variables = outcome.variables
            self._progress.end(progress, Status.SUCCEEDED)
        for kind, reason in progress.details.gaps:
            self._progress.add_gap(Gap(kind, progress.full_name, reason))
        self._events.action_ended(stage.name, action, progress, variables)
        return variables

    def _record_failure(self, progress: ActionProgress, error: Exception) -> None:
        """Record why the action failed, or that only the rehearsal did."""
        match error:
            case ActionNotEmulated():
                self._progress.add_gap(Gap(error.kind, progress.full_name, str(error)))
                self._progress.end(progress, Status.NOT_REHEARSED, str(error))
            case _InputNotRehearsed():
                self._progress.end(progress, Status.NOT_REHEARSED, str(error))
            case ActionFailed() | ArtifactNotFound():
                self._progress.end(progress, Status.FAILED, str(error))
            case _:
                self._progress.end(progress, Status.FAILED, f"{type(error).__name__}: {error}")

    def _pass_over(self, action: Action, progress: ActionProgress, gap: ActionNotRehearsed) -> None:
        """Record that the action is not rehearsed; the execution goes on until something needs what it would give."""
        self._progress.add_gap(Gap(gap.kind, progress.full_name, str(gap)))
        progress.passed_over = True
        self._missing |= dict.fromkeys(action.outputs, progress.full_name)
        if action.namespace:
            self._missing[f"#{{{action.namespace}."] = progress.full_name
        self._progress.end(progress, Status.NOT_REHEARSED, str(gap))

    def _require_inputs(self, action: Action) -> None:
        """Raise _InputNotRehearsed if the action needs an artifact or variable of one that was not rehearsed."""
        configured = "".join(action.configuration.values())
        # A copy, because parallel actions add to it.
        for name, giver in self._missing.copy().items():
            if name in action.inputs:
                raise _InputNotRehearsed(f"needs the artifact {name} of {giver}, which was not rehearsed")
            if name.startswith("#") and name in configured:
                raise _InputNotRehearsed(f"needs a variable of {giver}, which was not rehearsed")

    def _outcome(self, stage: Stage, action: Action, progress: ActionProgress) -> Outcome:
        configuration: dict[str, Any] = {}
        try:
            self._require_inputs(action)
            configuration = _resolve(action.configuration, self._namespaces)
        finally:
            self._events.action_started(stage.name, action, configuration)
        runner = self._action_runners.get((action.category, action.provider))
        if runner is None:
            raise ActionNotRehearsed(GapKind.ACTION, no_runner(action.category, action.provider))
        run = Run(
            stage=stage.name,
            action=action,
            configuration=configuration,
            context=self._context,
            log=lambda line: self._progress.log(progress, line),
            fail_on_purpose=progress.full_name in self._fail,
            details=progress.details,
            pages={
                name: page
                for one in self._progress.stages
                for earlier in one.actions
                # A copy, because parallel actions add to it.
                for name, page in earlier.pages.copy().items()
            },
        )
        outcome = runner(run)
        artifacts.store_outputs(run)
        return outcome


def _resolve(configuration: Mapping[str, str], namespaces: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    try:
        return {name: resolve(value, namespaces) for name, value in configuration.items()}
    except UnresolvedVariable as error:
        raise ActionFailed(str(error)) from None
