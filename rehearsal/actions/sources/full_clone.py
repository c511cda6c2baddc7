"""A source artifact of the format CODEBUILD_CLONE_REF: a reference, which each build that reads it clones itself."""

import contextlib
import json
import tempfile
from pathlib import Path

from rehearsal.actions.run import ActionFailed, Run
from rehearsal.actions.sources import contents
from rehearsal.errors import RehearsalError
from rehearsal.process import git
from rehearsal.project.repository import Repository, Submodule

FORMAT = "CODEBUILD_CLONE_REF"
"""The source action's `OutputArtifactFormat` for it."""
_REFERENCE = ".clone-reference.json"
"""The file of the artifact; the format of CodePipeline's own is not documented."""


def refer(run: Run, commit: str, action: str = "", resource: str = "") -> None:
    """Replace the contents of the action's output artifact by a reference, if it has the format.

    A build that clones it needs the permission for `action` on `resource`. A source without the rehearsed commit
    keeps its contents: there is nothing to clone.
    """
    is_rehearsed = run.name == contents.rehearsed_source(run.context.definition) and not contents.given_folder(run)
    if run.configuration.get("OutputArtifactFormat") != FORMAT or not is_rehearsed:
        return
    reference = {"commit": commit, "action": action, "resource": resource}
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump(reference, file)
        file.flush()
        run.context.artifacts.pack(run.action.outputs[0], {_REFERENCE: Path(file.name)})


def clone(run: Run, directory: Path, *, role_arn: str) -> None:
    """Replace a reference in `directory` by the clone, with the whole history; do nothing where there is none.

    The build's role must be allowed to use the connection or to pull from CodeCommit (CodePipeline User Guide, "Add
    CodeBuild GitClone permissions"). Raises Forbidden and ActionFailed.
    """
    file = directory / _REFERENCE
    if not file.is_file():
        return
    reference = json.loads(file.read_text())
    file.unlink()
    if reference["action"]:
        run.context.cloud.check(role_arn, reference["action"], reference["resource"])
    repository = run.context.repository
    # Shared objects are not copied, so that a long history takes no time; git copies those of a shallow repository.
    _git("clone", "--quiet", "--no-checkout", "--shared", str(repository), str(directory))
    # The commit need not be on a branch, and a copy would lack it.
    _git("-C", str(directory), "fetch", "--quiet", "origin", reference["commit"])
    _git("-C", str(directory), "checkout", "--quiet", "--detach", reference["commit"])
    _keep_submodules(repository, reference["commit"], directory)


def _keep_submodules(repository: Path, commit: str, directory: Path) -> None:
    """Let the build's `git submodule update --init` find the submodules that the user has, without their hosts.

    As on AWS, their folders are empty until then.
    """
    for submodule in Repository(repository, repository).submodules(commit):
        if submodule.is_in(repository):
            # Without it, the build asks the submodule's host.
            with contextlib.suppress(ActionFailed, RehearsalError):
                _keep(submodule, repository, directory)


def _keep(submodule: Submodule, repository: Path, directory: Path) -> None:
    url = f"url.{repository / submodule.path}.insteadOf={submodule.url(directory)}"
    update = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--", submodule.path]
    _git("-C", str(directory), "-c", url, *update)
    _git("-C", str(directory), "submodule", "--quiet", "deinit", "--force", "--", submodule.path)


def use_of(connection: str) -> str:
    """Return the action that uses the connection: an older one has the service's former name, codestar-connections."""
    return f"{connection.split(':')[2]}:UseConnection"


def _git(*arguments: str) -> None:
    try:
        done = git.run(*arguments)
    except RehearsalError as error:
        raise ActionFailed(str(error)) from None
    if done.returncode:
        raise ActionFailed(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
