"""What an environment runs after a delivery has failed or stopped, and what to do about it, in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .execution import ROLLBACK, Action, Commit, Execution

NO_ENVIRONMENT: Final = "none yet"
"""The environment of a notice about a stage before all environments."""
RETRY: Final = "Push a fix, or retry the stage if the commit is not the cause."

RETRY_LATER: Final = "Retry the stage when the condition can be met, such as in its deployment window, or push a fix."


class Part(StrEnum):
    """The part of a deployment that failed."""

    ENTRY = "entry"
    STACK = "stack"
    TESTS = "IntegrationTests"
    BAKE = "Bake"


@dataclass(frozen=True, kw_only=True)
class Stages:
    """The pipeline's stages for environments."""

    environments: Mapping[str, str]
    """The environment of each stage, as people call it: `prod`, and for further regions `prod in us-west-2`."""
    deployments: Sequence[str]
    """The stages that deploy, in their order."""

    def environment(self, stage: str) -> str:
        """Return the stage's environment."""
        return self.environments.get(stage, NO_ENVIRONMENT)

    def name(self, stage: str) -> str:
        """Return the environment's name in `delivery.toml`."""
        return self.environment(stage).partition(" in ")[0]

    def next_deployment(self, stage: str) -> str:
        """Return the environment that is deployed after the stage; empty after the last."""
        later = self.deployments[self.deployments.index(stage) + 1 :]
        return self.environment(later[0]) if later else ""

    def earlier_waves(self, stage: str) -> list[str]:
        """Return the environment's regions that are deployed before the stage."""
        before = self.deployments[: self.deployments.index(stage)]
        return [self.environment(one) for one in before if self.name(one) == self.name(stage)]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Texts of a notice."""

    state: str
    next: str
    paste: str = ""


def part_of(failed: Action | None) -> Part:
    """Return which part of a deployment failed; None is its entry, as outside of its deployment window."""
    if failed is None:
        return Part.ENTRY
    # In a wave, the name of the region's stage comes first.
    name = failed.name.rpartition(".")[2]
    return Part(name) if name in list(Part) else Part.STACK


def after_failed_deployment(
    stages: Stages, stage: str, failed: Action | None, *, target: Commit | None, is_creation: bool
) -> Outcome:
    """Return the outcome of a failed deployment. CodePipeline rolls the stage back to `target`, if there is one.

    `is_creation` is whether the failed stack was being created.
    """
    environment, part = stages.environment(stage), part_of(failed)
    if part is Part.ENTRY:
        return Outcome(state=f"{environment} has not changed.", next=RETRY_LATER)
    sentences, paste = [_deployed(environment, part, is_creation=is_creation)], ""
    if waves := stages.earlier_waves(stage):
        sentences.append(f"The earlier deployments to {', '.join(waves)} keep the new release.")
    if target:
        sentences.append(f"CodePipeline rolls {stage} back to {named(target)} and reports the result in another mail.")
        steps = "Wait for the mail about the rollback, then push a fix."
    else:
        sentences.append(
            f"CodePipeline cannot roll back: no release has passed {stage} since the pipeline itself last changed. "
            f"{environment} stays as it is."
        )
        steps = f"{RETRY} The command below returns to the last good release, if there is one."
        paste = f"make rollback ENV={stages.name(stage)}"
        if is_creation:
            steps = (
                "Run the command below, which removes what the failed creation left. Then push a fix, or retry the "
                "stage if the commit is not the cause."
            )
            paste = f"make recover ENV={stages.name(stage)}"
    if stages.next_deployment(stage):
        sentences.append("Later environments have not changed.")
    return Outcome(state=" ".join(sentences), next=steps, paste=paste)


def _deployed(environment: str, part: Part, *, is_creation: bool) -> str:
    if is_creation:
        return f"{environment} may run only parts of the release."
    # While one of several regions is tested, others may still be deploying.
    if part is Part.STACK or ", " in environment:
        return f"{environment} may run parts of both releases."
    if part is Part.TESTS:
        return f"{environment} runs the new release, which failed its integration tests."
    return f"{environment} runs the new release, which passed its integration tests and failed the bake."


def after_failed_rollback(stages: Stages, stage: str) -> Outcome:
    """Return the outcome of a failed rollback."""
    environment = stages.environment(stage)
    return Outcome(
        state=f"{environment} may run parts of both releases. No other rollback follows.",
        next=f"Check {environment}'s alarms now. If a stack is stuck, the command below recovers it. Then push a fix.",
        paste=f"make recover ENV={stages.name(stage)}",
    )


def after_failed_review(stages: Stages, stage: str, *, can_accept: bool, command: str) -> Outcome:
    """Return the outcome of a review that failed or stopped the delivery."""
    steps = RETRY
    if command and can_accept:
        steps = (
            "From a checkout of this commit, run the command below. Then add the tables to delivery.toml if each "
            "change is intended, with your reasons, and push."
        )
    elif command:
        steps = "From a checkout of this commit, run the command below, then retry the stage."
    elif can_accept:
        steps = (
            "If each change is intended, add this to delivery.toml, with your reasons, and push. Otherwise push a fix."
        )
    return Outcome(
        state=f"{stages.environment(stage)} has not changed: the review comes before the deployment.", next=steps
    )


def after_failed_preparation(stage: str, *, can_accept: bool) -> Outcome:
    """Return the outcome of a failure before all environments: Source, Synth, self-mutation, assets."""
    steps = "Push a fix."
    if can_accept:
        steps = "If this is intended, add this to delivery.toml, with your reason, and push. Otherwise push a fix."
    elif stage == "Source":
        steps = "Check the connection to the repository, then retry the stage or push again."
    elif stage != "Build":
        steps = RETRY
    return Outcome(state="No environment has changed.", next=steps)


def after_stop(stages: Stages, execution: Execution) -> tuple[str, Outcome]:
    """Return the stage in which somebody stopped the execution, and the outcome."""
    stage = execution.actions[-1].stage if execution.actions else ""
    environment = stages.environment(stage)
    # A stopped stage can be retried (CodePipeline User Guide, "Stop a pipeline execution").
    steps = "Retry the stage to resume the delivery, or push a newer commit."
    if stage in stages.deployments:
        state = f"{environment} may run parts of both releases until the next one is deployed."
        if execution.kind == ROLLBACK:
            steps = f"Check {environment}'s alarms now, then push a fix."
    elif stage in stages.environments:
        state = f"{environment} has not changed."
    else:
        state = "No environment has changed."
    return stage, Outcome(state=state, next=steps)


def after_success(stages: Stages, stage: str) -> str:
    """Return what to do after a successful deployment."""
    following = stages.next_deployment(stage)
    return f"Nothing. The delivery continues with {following}." if following else "Nothing. The delivery is complete."


def named(commit: Commit) -> str:
    """Return a commit in a sentence."""
    return f"{commit.id[:12]} “{commit.title}”" if commit.title else commit.id[:12]
