"""Sources in ECR: the details of an image as imageDetail.json, not the image."""

import hashlib
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.actions import artifacts
from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.actions.sources import contents
from rehearsal.engine.cloud import Forbidden
from rehearsal.gaps import GapKind

FILE = "imageDetail.json"
LATEST = "latest"


def execute(run: Run) -> Outcome:
    """Deliver the details of the tagged image; the action's role must be allowed to describe it.

    They come from the emulated repository, from the folder given to the action, or are a reported placeholder.
    """
    if run.fail_on_purpose:
        raise ActionFailed("made to fail by --fail")
    name, tag = run.configuration["RepositoryName"], run.configuration.get("ImageTag") or LATEST
    where = run.aws_environment
    try:
        repository = f"arn:{run.partition}:ecr:{where.region}:{where.account}:repository/{name}"
        run.context.cloud.check(run.role_arn, "ecr:DescribeImages", repository)
        artifacts.write_outputs(run)
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None
    details = _given(run) or _details(run, name, tag)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        file.write_text(json.dumps(details))
        run.context.artifacts.pack(run.action.outputs[0], {FILE: file})
    return Outcome(
        variables={
            "RegistryId": details["RegistryId"],
            "RepositoryName": details["RepositoryName"],
            "ImageTag": tag,
            "ImageDigest": details["ImageDigest"],
            "ImageURI": details["ImageURI"],
        }
    )


def _given(run: Run) -> dict[str, Any] | None:
    folder = contents.given_folder(run)
    if folder is None:
        return None
    try:
        found = json.loads((folder / FILE).read_text())
        return {name: found[name] for name in ("RegistryId", "RepositoryName", "ImageDigest", "ImageURI")} | found
    except (OSError, ValueError) as error:
        raise ActionFailed(f"--source {run.action.name}={folder}: cannot read {FILE}: {error}") from None
    except KeyError as missing:
        raise ActionFailed(f"--source {run.action.name}={folder}: {FILE} has no {missing.args[0]}") from None


def _details(run: Run, name: str, tag: str) -> dict[str, Any]:
    where = run.aws_environment
    try:
        client = run.context.cloud.in_account("ecr", where)
        found = client.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])["imageDetails"][0]
        digest, size = found["imageDigest"], found.get("imageSizeInBytes", 0)
    except (ClientError, LookupError):
        run.note_gap(GapKind.SOURCE, contents.missing_contents(run.action.name, contents.IMAGES))
        digest, size = f"sha256:{hashlib.sha256(f'{name}:{tag}'.encode()).hexdigest()}", 0
    suffix = "amazonaws.com.cn" if run.partition == "aws-cn" else "amazonaws.com"
    registry = f"{where.account}.dkr.ecr.{where.region}.{suffix}"
    return {
        "ImageSizeInBytes": str(size),
        "ImageDigest": digest,
        "Version": "1.0",
        "ImagePushedAt": f"{datetime.now(UTC):%a %b %d %H:%M:%S UTC %Y}",
        "RegistryId": where.account,
        "RepositoryName": name,
        "ImageURI": f"{registry}/{name}@{digest}",
        "ImageTags": [tag],
    }
