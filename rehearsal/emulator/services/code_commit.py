"""CodeCommit's calls that read, for apps and builds that ask for branches, commits and files.

ministack has no CodeCommit. Every repository is the rehearsed one, and each of its branches ends at the commit that is
synthesized or delivered.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator.internals import here
from rehearsal.errors import NOT_EMULATED
from rehearsal.process import git

TARGET = "CodeCommit_20150413."

_rehearsed: dict[str, str] = {}


class _Fault(Exception):  # noqa: N818 - an answer of the service
    """An error of CodeCommit's: its code and message."""


def rehearse(message: Mapping[str, str]) -> None:
    """Take over the repository's `directory` and the `commit`."""
    _rehearsed.update(message)


def answer(action: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Answer one call of the API as (status, JSON)."""
    if action not in _CALLS:
        return 400, {"__type": "InvalidActionException", "message": f"{NOT_EMULATED}: codecommit:{action}"}
    request = json.loads(body or b"{}")
    try:
        return 200, _CALLS[action](request)
    except _Fault as fault:
        code, message = fault.args
        return 400, {"__type": code, "message": message}


def _get_repository(request: Mapping[str, Any]) -> dict[str, Any]:
    account, region = here()
    name = request["repositoryName"]
    host = f"git-codecommit.{region}.amazonaws.com/v1/repos/{name}"
    found = {
        "accountId": account,
        "repositoryId": "00000000-0000-4000-8000-000000000000",
        "repositoryName": name,
        "defaultBranch": "main",
        "Arn": f"arn:aws:codecommit:{region}:{account}:{name}",
        "cloneUrlHttp": f"https://{host}",
        "cloneUrlSsh": f"ssh://{host}",
    }
    return {"repositoryMetadata": found}


def _get_branch(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"branch": {"branchName": request.get("branchName", "main"), "commitId": _rehearsed["commit"]}}


def _get_commit(request: Mapping[str, Any]) -> dict[str, Any]:
    commit = request["commitId"]
    form = "--format=%H%n%T%n%P%n%an%n%ae%n%ad%n%cn%n%ce%n%cd%n%B"
    missing = _Fault("CommitIdDoesNotExistException", f"The specified commit does not exist: {commit}")
    shown = _git(missing, "show", "--no-patch", "--no-show-signature", "--date=raw", form, f"{commit}^{{commit}}")
    found, tree, parents, *people, message = shown.decode(errors="replace").split("\n", 9)
    author, committer = (dict(zip(("name", "email", "date"), three, strict=True)) for three in (people[:3], people[3:]))
    shown_commit = {"commitId": found, "treeId": tree, "parents": parents.split(), "message": message.rstrip("\n")}
    return {"commit": {**shown_commit, "author": author, "committer": committer, "additionalData": ""}}


def _get_file(request: Mapping[str, Any]) -> dict[str, Any]:
    path, specifier = request["filePath"].strip("/"), request.get("commitSpecifier", "")
    # A branch; each ends at the rehearsed commit.
    commit = specifier if len(specifier) == len(_rehearsed["commit"]) else _rehearsed["commit"]
    missing = _Fault("FileDoesNotExistException", f"The specified file does not exist: {path}")
    blob = _git(missing, "rev-parse", "--verify", "--quiet", f"{commit}:{path}").decode().strip()
    content = _git(missing, "cat-file", "blob", blob)
    return {
        "commitId": commit,
        "blobId": blob,
        "filePath": path,
        "fileMode": "NORMAL",
        "fileSize": len(content),
        "fileContent": base64.b64encode(content).decode(),
    }


_CALLS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "GetRepository": _get_repository,
    "GetBranch": _get_branch,
    "GetCommit": _get_commit,
    "GetFile": _get_file,
}


def _git(missing: _Fault, *arguments: str) -> bytes:
    done = git.run("-C", _rehearsed["directory"], *arguments)
    if done.returncode:
        raise missing
    return done.stdout
