"""The rehearsal's result as data, written by `--json` and shown by the HTML report."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rehearsal.engine.masking import masked
from rehearsal.report import verdict
from rehearsal.report.environments import Environment, describe_tasks, environments
from rehearsal.report.permissions import Permissions, empty_permissions_report
from rehearsal.report.progress import ActionProgress, Progress, StageProgress
from rehearsal.report.timeline import Span, critical_path, idle_seconds, parallelism, waits

CLOUDFRONT = "a local edge with certificates of a temporary authority"

APPROVAL = "Manual"
"""The provider of manual approvals."""


def compose(progress: Progress, *, commit: str, subject: str) -> dict[str, Any]:
    """Return the whole result with secrets masked; `subject` is the commit's subject."""
    timeline = _Timeline(progress)
    found = environments(progress)
    document = {
        "verdict": str(progress.verdict),
        "result": str(progress.result),
        "reason": progress.reason,
        "commit": commit,
        "subject": subject,
        "began": progress.began.isoformat(timespec="seconds"),
        "seconds": round(progress.seconds, 2),
        "restarts": progress.restarts,
        "timeline": timeline.figures(),
        "set_up": [timeline.action(step) for step in progress.set_up.actions],
        "executions_before": progress.executions_before,
        "superseded": [[timeline.stage(stage) for stage in stages] for stages in progress.superseded],
        "stages": [timeline.stage(stage) for stage in progress.stages],
        "notifications": [asdict(item) for item in progress.notifications],
        "failed_functions": progress.failed_functions,
        "permissions": progress.permissions or empty_permissions_report(Permissions.OFF),
        "environments": {environment.name: _environment(environment) for environment in found},
        "simulated": {
            "tasks": describe_tasks(found),
            "cloudfront": CLOUDFRONT,
            "variables": progress.effective_overrides(),
            "recorded_only": progress.recorded_types,
            "runtimes": progress.runtimes,
        },
        "gaps": [{**asdict(gap), "accepted": gap.kind in progress.accepted} for gap in progress.gaps],
        "proves": verdict.proves(progress),
        "does_not_prove": verdict.does_not_prove(progress),
    }
    return masked(document, secrets(progress))


def write(document: dict[str, Any], file: Path) -> None:
    """Write a report's data to `file` as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n")


def secrets(progress: Progress) -> set[str]:
    """Return the secret values that the actions have seen."""
    found = {value for stage in _all_stages(progress) for action in stage.actions for value in action.details.secrets}
    return found | progress.secrets


class _Timeline:
    """When each action ran."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        stages = list(_all_stages(progress))
        self._spans = {
            id(action): Span(str(id(action)), action.started - progress.started, action.ended - progress.started)
            for stage in stages
            for action in stage.actions
            if action.started is not None and action.ended is not None
        }
        self._path = critical_path(list(self._spans.values()))
        self._waits = waits([self._spans_of(group) for stage in stages for group in _side_by_side(stage)])
        self._approvals = [action for stage in stages for action in stage.actions if action.provider == APPROVAL]

    def figures(self) -> dict[str, Any]:
        names = {str(id(action)): action.full_name for stage in _all_stages(self._progress) for action in stage.actions}
        spans = list(self._spans.values())
        return {
            "critical_path": [names[span.key] for span in self._path],
            "critical_seconds": round(sum(span.seconds for span in self._path), 2),
            "idle_seconds": round(idle_seconds(self._path), 2),
            "approval_seconds": round(sum(span.seconds for span in self._spans_of(self._approvals)), 2),
            "work_seconds": round(sum(span.seconds for span in spans), 2),
            "most_at_once": parallelism(spans),
        }

    def stage(self, stage: StageProgress) -> dict[str, Any]:
        return {
            "name": stage.name,
            "status": str(stage.status),
            "seconds": round(stage.seconds, 2),
            "reason": stage.reason,
            "actions": [self.action(action) for action in stage.actions],
        }

    def action(self, action: ActionProgress) -> dict[str, Any]:
        span, details = self._spans.get(id(action)), action.details
        return {
            "name": action.name,
            "provider": action.provider,
            "run_order": action.run_order,
            "status": str(action.status),
            "seconds": round(action.seconds, 2),
            "started": round(span.start, 2) if span else None,
            "waited_for_others": round(self._waits[span.key], 2) if span else None,
            "critical": span in self._path,
            "reason": action.reason,
            "log": str(action.log_file),
            "log_lines": [action.log_lines.start, action.log_lines.stop],
            "pages": [str(page) for page in action.pages.values()],
            "change_set": asdict(details.change_set) if details.change_set else None,
            "tests": [asdict(test) for test in details.tests],
            "question": asdict(details.question) if details.question else None,
        }

    def _spans_of(self, actions: list[ActionProgress]) -> list[Span]:
        return [self._spans[id(action)] for action in actions if id(action) in self._spans]


def _all_stages(progress: Progress) -> Iterator[StageProgress]:
    yield progress.set_up
    for stages in progress.superseded:
        yield from stages
    yield from progress.stages


def _side_by_side(stage: StageProgress) -> list[list[ActionProgress]]:
    orders = sorted({action.run_order for action in stage.actions})
    return [[action for action in stage.actions if action.run_order == order] for order in orders]


def _environment(environment: Environment) -> dict[str, Any]:
    return {
        "account": environment.aws_environment.account,
        "region": environment.aws_environment.region,
        "url": environment.url,
        "stacks": environment.stacks,
        "resources": {
            stack: [asdict(resource) for resource in resources] for stack, resources in environment.resources.items()
        },
        "workloads": environment.workloads,
    }
