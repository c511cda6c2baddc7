"""The CDK project to rehearse: a repository, and the folder of its cdk.json."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rehearsal.errors import RehearsalError
from rehearsal.project.repository import Repository

FILE = "cdk.json"


@dataclass(frozen=True)
class Project:
    """A CDK project."""

    repository: Repository
    folder: PurePosixPath
    """The folder of cdk.json, relative to the root of the repository."""

    def __str__(self) -> str:
        name = self.repository.work_tree.name
        return name if self.folder == PurePosixPath() else f"{name}/{self.folder}"


def find(repository: Repository, commit: str, here: Path) -> Project:
    """Return the project of the nearest cdk.json: in `here`, above it or, if that is the only one, below the root.

    Raises RehearsalError if there is none, or a choice.
    """
    files = [PurePosixPath(file).parent for file in repository.files(commit, FILE)]
    root = repository.work_tree.resolve()
    if here.resolve().is_relative_to(root):
        nearest = PurePosixPath(here.resolve().relative_to(root).as_posix())
        for folder in (nearest, *nearest.parents):
            if folder in files:
                return Project(repository, folder)
    if len(files) == 1:
        return Project(repository, files[0])
    if files:
        choice = ", ".join(map(str, files))
        raise RehearsalError(f"commit {commit[:12]} has several CDK projects; run the rehearsal in one of: {choice}")
    raise RehearsalError(
        f"commit {commit[:12]} of {root} has no {FILE}; commit the one of the CDK app, or name an assembly that is "
        "already synthesized: --assembly DIR"
    )


def app_command(checkout: Path, folder: PurePosixPath) -> str:
    """Return the app's command of a checked-out project; raises RehearsalError."""
    file = checkout / folder / FILE
    try:
        app = json.loads(file.read_text())["app"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RehearsalError(
            f"{folder / FILE} of the commit names no app ({error!r}); add the command that synthesizes it, such as "
            '"app": "npx ts-node bin/app.ts"'
        ) from None
    return str(app)
