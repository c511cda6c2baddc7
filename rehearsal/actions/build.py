"""CodeBuild actions: run the deployed project's builds, one or a batch, as CodePipeline starts them."""

import shutil
import tempfile
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from rehearsal.actions import artifacts
from rehearsal.actions.builds import batch, buildspec
from rehearsal.actions.builds.build import Project, batch_parts, run_build, specification_text, unpack_inputs
from rehearsal.actions.run import (
    CODEBUILD,
    ActionFailed,
    ActionNotEmulated,
    ActionNotRehearsed,
    Outcome,
    Run,
)
from rehearsal.engine.cloud import Credentials, Forbidden
from rehearsal.process.processes import run_in_parallel

DEFAULT_BUILDS = 100
"""How many builds a batch may have if its project does not say ("Quotas for AWS CodeBuild")."""


def execute(run: Run) -> Outcome:
    """Run the build or the batch; return its exported variables and store its artifacts."""
    settings = _settings(run)
    is_batch = run.configuration.get("BatchEnabled", "").lower() == "true"
    role = _start(run, settings, is_batch=is_batch)
    project = Project(settings, role, settings["serviceRole"])
    return Outcome(variables=_run_batch(run, project) if is_batch else run_build(run, project))


def _settings(run: Run) -> dict[str, Any]:
    name, home = run.configuration["ProjectName"], run.context.home
    client = run.context.cloud.client("codebuild", home.region, Credentials(home.account))
    found = client.batch_get_projects(names=[name])
    if not found["projects"]:
        raise ActionFailed(f"CodeBuild project {name} does not exist in {home}")
    return found["projects"][0]


def _start(run: Run, settings: Mapping[str, Any], *, is_batch: bool) -> Credentials:
    """Check that the pipeline's role may start the build; return the credentials of the project's role."""
    context = run.context
    arn = f"arn:aws:codebuild:{context.home.region}:{context.home.account}:project/{settings['name']}"
    actions = ("StartBuildBatch", "BatchGetBuildBatches") if is_batch else ("StartBuild", "BatchGetBuilds")
    try:
        for action in actions:
            context.cloud.check(run.action.role_arn or context.definition.role_arn, f"codebuild:{action}", arn)
        if is_batch:
            _check_batch_role(run, settings, arn)
        return context.cloud.assume_as_service(CODEBUILD, settings["serviceRole"], f"AWSCodeBuild-{uuid.uuid4()}")
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None


def _check_batch_role(run: Run, settings: Mapping[str, Any], arn: str) -> None:
    """Check that the batch has a role, and that it may start the builds."""
    role = settings.get("buildBatchConfig", {}).get("serviceRole")
    if not role:
        raise ActionFailed(
            f"CodeBuild project {settings['name']} has no batch configuration; enable batch builds in it"
        )
    run.context.cloud.assume_as_service(CODEBUILD, role, f"AWSCodeBuild-{uuid.uuid4()}")
    run.context.cloud.check(role, "codebuild:StartBuild", arn)


@dataclass
class _Progress:
    """What the builds of a batch have given so far."""

    variables: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    failures: dict[str, Exception] = field(default_factory=dict)

    def add(self, task: batch.Task, result: dict[str, str] | Exception, run: Run) -> None:
        self.ended.add(task.identifier)
        if isinstance(result, dict):
            self.variables |= result
        elif isinstance(result, ActionFailed) and task.ignore_failure:
            run.log(f"{task.identifier} failed, which the batch ignores: {result}")
        else:
            self.failures[task.identifier] = result


def _run_batch(run: Run, project: Project) -> dict[str, str]:
    with tempfile.TemporaryDirectory(dir=run.context.directory.parent) as directory:
        source = unpack_inputs(run, Path(directory), role_arn=project.role_arn)
        text = specification_text(run, project, source)
    try:
        plan = batch.read(buildspec.parse(text).batch)
    except buildspec.BuildspecError as error:
        raise ActionFailed(str(error)) from None
    _check_size(project, plan)
    run.log(f"batch of {len(plan.tasks)} builds: {', '.join(task.identifier for task in plan.tasks)}")
    progress = _Progress()
    while ready := plan.next_tasks(progress.ended, set(progress.failures)):
        results = run_in_parallel(partial(_run_task, run, project, text), ready, run.context.processes)
        for task, result in zip(ready, results, strict=True):
            progress.add(task, result, run)
    for kind in (ActionFailed, ActionNotEmulated, ActionNotRehearsed):
        for name, failure in progress.failures.items():
            if type(failure) is kind:
                raise _named(name, failure)
    _store_artifacts(run, project, plan)
    return progress.variables


def _named(identifier: str, failure: Exception) -> Exception:
    if isinstance(failure, ActionNotRehearsed):
        return ActionNotRehearsed(failure.kind, f"{identifier}: {failure}")
    return type(failure)(f"{identifier}: {failure}")


def _check_size(project: Project, plan: batch.Batch) -> None:
    restrictions = project.settings.get("buildBatchConfig", {}).get("restrictions", {})
    most = int(restrictions.get("maximumBuildsAllowed") or DEFAULT_BUILDS)
    if len(plan.tasks) > most:
        raise ActionFailed(f"the batch has {len(plan.tasks)} builds, but its project allows {most}")


def _run_task(run: Run, project: Project, text: str, task: batch.Task) -> dict[str, str] | Exception:
    environment = task.environment(project.settings["environment"])
    build = replace(
        project,
        settings={**project.settings, "environment": environment},
        specification=task.buildspec or text,
        identifier=task.identifier,
        variables=task.variables,
    )
    try:
        return run_build(run, build)
    except (ActionFailed, ActionNotEmulated, ActionNotRehearsed) as failure:
        return failure


def _store_artifacts(run: Run, project: Project, plan: batch.Batch) -> None:
    """Give the action the artifacts of its builds: each by its name, or all in one."""
    store, outputs, prefix = run.context.artifacts, run.action.outputs, batch_parts(run)
    order = [task.identifier for task in plan.tasks]
    found = [name.removeprefix(prefix) for name in store.names(prefix)]
    parts = sorted(found, key=lambda name: next((n for n, own in enumerate(order) if _belongs(name, own)), len(order)))
    if run.configuration.get("CombineArtifacts", "").lower() == "true":
        for output in outputs[:1]:
            with zipfile.ZipFile(store.path(output), "w") as target:
                _combine(run, parts, target)
    elif lost := [name for name in outputs if name not in parts]:
        raise ActionFailed(
            f"no build of the batch gives the artifact {lost[0]}; they give {', '.join(parts) or 'none'}"
        )
    else:
        for output in outputs:
            shutil.copyfile(store.path(f"{prefix}{output}"), store.path(output))
    artifacts.write_outputs(run, role_arn=project.role_arn)


def _belongs(artifact: str, identifier: str) -> bool:
    return artifact == identifier or artifact.startswith(f"{identifier}_")


def _combine(run: Run, parts: list[str], target: zipfile.ZipFile) -> None:
    """Copy the files of the builds' artifacts; of two with the same name, the first one counts."""
    seen: set[str] = set()
    for name in parts:
        with zipfile.ZipFile(run.context.artifacts.path(f"{batch_parts(run)}{name}")) as part:
            for entry in part.infolist():
                if entry.filename in seen:
                    run.log(f"combined artifact: {entry.filename} of {name} is left out, as an earlier build gives it")
                    continue
                seen.add(entry.filename)
                target.writestr(entry, part.read(entry))
