"""What of a pipeline cannot be rehearsed on this machine, as its template tells before anything starts."""

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from cloud_assembly import PIPELINE, Stack
from rehearsal.actions.builds.expected import expected_build_gaps
from rehearsal.actions.builds.image_tools import docker_works
from rehearsal.actions.services.container_service import NO_TASKS
from rehearsal.actions.sources.contents import missing_contents, rehearsed_source
from rehearsal.engine.conditions import RULES, no_rule
from rehearsal.engine.definition import Action, Definition, from_template
from rehearsal.engine.execution import ACTION_RUNNERS, ActionRunners, no_runner
from rehearsal.gaps import Gap, GapKind

BUILD, SOURCE = "CodeBuild", "Source"


def pipeline_of(stack: Stack, pipeline_id: str | None = None) -> Definition:
    """Return the definition of the stack's pipeline, or of the one with the logical id.

    What only a deployment knows is not in it.
    """
    properties = next(found for logical_id, found in stack.of_type(PIPELINE) if pipeline_id in (None, logical_id))
    return from_template(properties)


def expected_gaps(
    stack: Stack,
    pipeline_id: str | None = None,
    sources: Collection[str] = (),
    runners: ActionRunners = ACTION_RUNNERS,
    has_docker: Callable[[], bool] = docker_works,
) -> list[Gap]:
    """Return the gaps of the stack's pipeline, or of the one with the logical id, in its order.

    `sources` are the source actions that are given a folder.
    """
    definition = pipeline_of(stack, pipeline_id)
    rehearsed = rehearsed_source(definition)
    found: list[Gap] = []
    # Asking the daemon may take seconds.
    docker_answer = functools.cache(has_docker)
    for stage in definition.stages:
        unknown = sorted(stage.rule_providers() - RULES)
        found += [Gap(GapKind.ACTION, stage.name, no_rule(provider)) for provider in unknown]
        for action in stage.actions:
            where = f"{stage.name}/{action.name}"
            if (action.category, action.provider) not in runners:
                found.append(Gap(GapKind.ACTION, where, no_runner(action.category, action.provider)))
            elif action.category == SOURCE and where != rehearsed and action.name not in sources:
                found.append(Gap(GapKind.SOURCE, where, missing_contents(action.name, action.provider)))
            elif (action.category, action.provider) == ("Deploy", "ECS"):
                found.append(Gap(GapKind.WORKLOAD, where, NO_TASKS))
            elif action.provider == BUILD:
                gaps = expected_build_gaps(_project(action, stack), docker_answer)
                found += [Gap(kind, where, reason) for kind, reason in gaps]
    return found


def _project(action: Action, stack: Stack) -> Mapping[str, Any]:
    name: Any = action.configuration.get("ProjectName")
    project = stack.resources.get(name.get("Ref", ""), {}) if isinstance(name, dict) else {}
    return project.get("Properties", {})


def unknown_branches(stack: Stack, pipeline_id: str, branches: Collection[str]) -> Iterator[Gap]:
    """Yield the source that delivers the commit, if the repository has none of the name of its branch.

    AWS would not find the branch, unless it is one that nobody has fetched here.
    """
    pipeline = pipeline_of(stack, pipeline_id)
    rehearsed = rehearsed_source(pipeline)
    for stage in pipeline.stages:
        for action in stage.actions:
            name = f"{stage.name}/{action.name}"
            branch: Any = action.configuration.get("BranchName") or action.configuration.get("Branch")
            if name == rehearsed and isinstance(branch, str) and branches and branch not in branches:
                reason = f"that its branch {branch} exists: this repository has none of the name"
                yield Gap(GapKind.SOURCE, name, reason, is_minor=True)
