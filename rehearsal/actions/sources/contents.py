"""What a source delivers: the rehearsed commit to one of them, folders or nothing to the others."""

import hashlib
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.actions import artifacts
from rehearsal.actions.run import ActionFailed, Run
from rehearsal.engine.cloud import Forbidden
from rehearsal.engine.definition import Action, Definition
from rehearsal.errors import RehearsalError
from rehearsal.gaps import GapKind
from rehearsal.process import git

IMAGES = "ECR"
"""The provider of the sources that deliver no files of a repository."""
UNKNOWN_COMMIT = "0" * 40
"""The commit id of a source without contents."""


@dataclass(frozen=True)
class Revision:
    """The details of what a source has delivered; without a commit, its id is made from the contents."""

    commit: str
    author_date: str
    committer_date: str
    name: str = ""
    email: str = ""
    message: str = ""


def rehearsed_source(definition: Definition) -> str:
    """Return which source (`Stage/Action`) delivers the rehearsed commit; empty if none delivers files.

    It is the source of the first action that has one as its primary input: in CDK Pipelines, the Synth action.
    """
    sources = {
        name: f"{stage.name}/{action.name}"
        for stage in reversed(definition.stages)
        for action in reversed(stage.actions)
        if action.category == "Source" and action.provider != IMAGES
        for name in action.outputs
    }
    users = [action for stage in definition.stages for group in stage.run_orders() for action in group if action.inputs]
    used = (sources[primary] for action in users if (primary := _primary_input(action)) in sources)
    return next(used, next(reversed(sources.values()), ""))


def missing_contents(action: str, provider: str) -> str:
    """Return why a source without contents is a gap."""
    what = "a placeholder for its image" if provider == IMAGES else "an empty artifact"
    needed = "a folder with imageDetail.json" if provider == IMAGES else "its contents"
    return f"delivers {what}; give it {needed} with --source {action}=FOLDER"


def given_folder(run: Run) -> Path | None:
    """Return the folder that `--source NAME=FOLDER` gives to the action."""
    return run.context.source_folders.get(run.action.name)


def deliver(run: Run) -> Revision:
    """Write the action's output artifact and return what it contains; raises ActionFailed."""
    if run.fail_on_purpose:
        raise ActionFailed("made to fail by --fail")
    try:
        artifacts.write_outputs(run)
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None
    folder = given_folder(run)
    if folder is None and run.name == rehearsed_source(run.context.definition):
        return _deliver_commit(run)
    target = run.context.artifacts.path(run.action.outputs[0])
    if folder is None:
        run.note_gap(GapKind.SOURCE, missing_contents(run.action.name, run.action.provider))
        zipfile.ZipFile(target, "w").close()
    else:
        run.context.artifacts.pack(run.action.outputs[0], folder_files(folder))
        run.log(f"delivers {folder}")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    commit = hashlib.sha1(target.read_bytes(), usedforsecurity=False).hexdigest() if folder else UNKNOWN_COMMIT
    return Revision(commit, now, now)


def folder_files(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their names in it, without git's."""
    found = {str(file.relative_to(folder)): file for file in sorted(folder.rglob("*")) if file.is_file()}
    return {name: file for name, file in found.items() if ".git" not in Path(name).parts}


def _deliver_commit(run: Run) -> Revision:
    context = run.context
    form = "--format=%H%n%aI%n%cI%n%an%n%ae%n%B"
    details = _git(run, "show", "--no-patch", "--no-show-signature", form, context.commit)
    commit, author_date, committer_date, name, email, message = details.split("\n", 5)
    target = context.artifacts.path(run.action.outputs[0])
    _git(run, "archive", "--format=zip", "-1", f"--output={target}", context.commit)
    run.log(f"{commit[:12]} {message.strip().partition(chr(10))[0]}")
    return Revision(commit, author_date, committer_date, name, email, message.strip())


def _primary_input(action: Action) -> str:
    return action.configuration.get("PrimarySource") or action.inputs[0]


def _git(run: Run, *arguments: str) -> str:
    try:
        done = git.run("-C", str(run.context.repository), *arguments)
    except RehearsalError as error:
        raise ActionFailed(str(error)) from None
    if done.returncode:
        raise ActionFailed(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")
