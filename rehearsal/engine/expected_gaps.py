"""What of a pipeline cannot be rehearsed on this machine, as its template tells before anything starts."""

from collections.abc import Callable, Collection

from cloud_assembly import PIPELINE, Stack
from rehearsal.actions.build import NO_DOCKER, docker_works
from rehearsal.actions.sources.contents import missing_contents, rehearsed_source
from rehearsal.engine.conditions import RULES, no_rule
from rehearsal.engine.definition import Action, Definition, from_template
from rehearsal.engine.execution import ACTION_RUNNERS, ActionRunners, no_runner
from rehearsal.gaps import Gap, GapKind

BUILD, SOURCE = "CodeBuild", "Source"


def pipeline_of(stack: Stack) -> Definition:
    """Return the definition of the stack's pipeline; what only a deployment knows is not in it."""
    return from_template(next(properties for _, properties in stack.of_type(PIPELINE)))


def expected_gaps(
    stack: Stack,
    sources: Collection[str] = (),
    runners: ActionRunners = ACTION_RUNNERS,
    has_docker: Callable[[], bool] = docker_works,
) -> list[Gap]:
    """Return the gaps of the stack's pipeline, in its order; `sources` are the actions that are given a folder."""
    definition = pipeline_of(stack)
    rehearsed = rehearsed_source(definition)
    found: list[Gap] = []
    docker: bool | None = None
    for stage in definition.stages:
        unknown = sorted(stage.rule_providers() - RULES)
        found += [Gap(GapKind.ACTION, stage.name, no_rule(provider)) for provider in unknown]
        for action in stage.actions:
            where = f"{stage.name}/{action.name}"
            if (action.category, action.provider) not in runners:
                found.append(Gap(GapKind.ACTION, where, no_runner(action.category, action.provider)))
            elif action.category == SOURCE and where != rehearsed and action.name not in sources:
                found.append(Gap(GapKind.SOURCE, where, missing_contents(action.name, action.provider)))
            elif action.provider == BUILD and _is_privileged(action, stack):
                # Asking the daemon may take seconds.
                docker = has_docker() if docker is None else docker
                if not docker:
                    found.append(Gap(GapKind.DOCKER, where, NO_DOCKER))
    return found


def _is_privileged(action: Action, stack: Stack) -> bool:
    name = action.configuration.get("ProjectName")
    project = stack.resources.get(name.get("Ref", ""), {}) if isinstance(name, dict) else {}
    return project.get("Properties", {}).get("Environment", {}).get("PrivilegedMode") in (True, "true")
