"""What of a pipeline cannot be rehearsed on this machine, as its template tells before anything starts."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloud_assembly import PIPELINE, Stack
from rehearsal.actions.builds.expected import expected_build_gaps
from rehearsal.actions.builds.image_tools import docker_works
from rehearsal.engine.conditions import RULES, no_rule
from rehearsal.engine.execution import ACTION_RUNNERS, ActionRunners, no_runner
from rehearsal.gaps import Gap, GapKind

BUILD = "CodeBuild"
CONDITIONS = ("BeforeEntry", "OnSuccess", "OnFailure")


def expected_gaps(
    stack: Stack,
    pipeline_id: str | None = None,
    runners: ActionRunners = ACTION_RUNNERS,
    has_docker: Callable[[], bool] = docker_works,
) -> list[Gap]:
    """Return the gaps of the stack's pipeline, or of the one with the logical id, in its order."""
    properties = next(found for logical_id, found in stack.of_type(PIPELINE) if pipeline_id in (None, logical_id))
    found: list[Gap] = []
    # Asking the daemon may take seconds.
    docker_answer = functools.cache(has_docker)
    for stage in properties.get("Stages", []):
        found += [Gap(GapKind.ACTION, stage["Name"], no_rule(provider)) for provider in _rules(stage)]
        for action in stage["Actions"]:
            category, provider = (action["ActionTypeId"][key] for key in ("Category", "Provider"))
            where = f"{stage['Name']}/{action['Name']}"
            if (category, provider) not in runners:
                found.append(Gap(GapKind.ACTION, where, no_runner(category, provider)))
            elif provider == BUILD:
                gaps = expected_build_gaps(_project(action, stack), docker_answer)
                found += [Gap(kind, where, reason) for kind, reason in gaps]
    return found


def _rules(stage: Mapping[str, Any]) -> Iterator[str]:
    """Yield the providers of the stage's rules that cannot be evaluated."""
    for holder in CONDITIONS:
        for condition in stage.get(holder, {}).get("Conditions", []):
            for rule in condition.get("Rules", []):
                if (provider := rule["RuleTypeId"]["Provider"]) not in RULES:
                    yield provider


def _project(action: Mapping[str, Any], stack: Stack) -> Mapping[str, Any]:
    name = action.get("Configuration", {}).get("ProjectName")
    project = stack.resources.get(name.get("Ref", ""), {}) if isinstance(name, dict) else {}
    return project.get("Properties", {})
