"""The cloud assembly of an earlier release, from the artifact store, and its review against what is deployed."""

import io
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from cloud_assembly import PIPELINE, UserError, read
from jobs.aws_errors import code_of, is_denied
from tools.delivery.pipeline import DeployedPipeline, Stage

RUN_VARIABLES: Final = ("COMMIT", "PIPELINE", "EXECUTION", "PUBLISH_TO", "LATER_STAGES")
"""Variables by which a review knows that it runs in the pipeline."""


@dataclass(frozen=True)
class ReleasedAssembly:
    """An unpacked assembly."""

    directory: Path
    stages: tuple[Path, ...]
    """The folders of the environment's stacks."""

    def definition(self) -> Any:
        """Return the pipeline's properties in its template; None if it has none."""
        try:
            return next((properties for _, properties in read(self.directory).pipeline.of_type(PIPELINE)), None)
        except UserError:
            return None

    def review(self, environment: str, settings: Path, output: Path) -> int:
        """Print the change review of returning to this assembly; return its exit code.

        It is the pipeline's own review: `jobs.change_review`, with its exit codes.
        """
        stages = [part for stage in self.stages for part in ("--stage", str(stage))]
        command = [sys.executable, "-m", "jobs.change_review", "--environment", environment, *stages]
        command += ["--settings", str(settings), "--output", str(output)]
        variables = {name: value for name, value in os.environ.items() if name not in RUN_VARIABLES}
        return subprocess.run(command, env=variables, check=False).returncode


def download(pipeline: DeployedPipeline, execution: str, stage: Stage, directory: Path) -> ReleasedAssembly | None:
    """Unpack the execution's assembly into `directory`; return None if it has expired. Raises boto3's errors."""
    place = pipeline.artifact_of(execution, stage.artifact)
    if place is None:
        return None
    bucket, key = place
    try:
        body = pipeline.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if code_of(error) == "NoSuchKey":
            return None
        if is_denied(error):
            raise UserError(
                f"the artifact s3://{bucket}/{key} cannot be read: {error.response['Error']['Message']}. Reading it "
                "needs s3:GetObject and kms:Decrypt; without s3:ListBucket, S3 also answers so when it has expired"
            ) from None
        raise
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        archive.extractall(directory)
    return ReleasedAssembly(directory, tuple(directory / folder for folder in stage.folders))
