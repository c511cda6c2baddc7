"""Checks who may read and write the pipeline's artifacts in S3, and stores them there for others to read.

The actions themselves read them from the rehearsal's folder. CodePipeline puts each artifact under
`PIPELINE/ARTIFACT/id`, names cut to 20 and 10 characters, into the bucket of the action's region, encrypted with that
store's key, so that reading one also calls KMS.
"""

import hashlib

from botocore.exceptions import ClientError

from rehearsal.actions.run import Run

PIPELINE_CHARACTERS, ARTIFACT_CHARACTERS, ID_CHARACTERS = 20, 10, 7


def read_inputs(run: Run, *, role_arn: str | None = None) -> None:
    """Check that a role, by default the action's, may read the input artifacts; raises Forbidden."""
    for name in run.action.inputs:
        _check(run, role_arn, "s3:GetObject", name)


def write_outputs(run: Run, *, role_arn: str | None = None) -> None:
    """Check that a role, by default the action's, may write the output artifacts; raises Forbidden."""
    for name in run.action.outputs:
        _check(run, role_arn, "s3:PutObject", name)


def store_outputs(run: Run) -> None:
    """Put the output artifacts into the emulated S3; their locations are in the action's details."""
    context = run.context
    for name in run.action.outputs:
        file = context.artifacts.path(name)
        if file.exists():
            bucket, key = location(run, name)
            context.cloud.in_account("s3", context.home).put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
            run.details.artifacts[name] = bucket, key


def stored(run: Run, name: str) -> tuple[str, str]:
    """Return the bucket and key of an input artifact in the action's region, where CodePipeline copies it."""
    bucket, key = location(run, name)
    client = run.context.cloud.in_account("s3", run.context.home)
    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError:
        client.put_object(Bucket=bucket, Key=key, Body=run.context.artifacts.path(name).read_bytes())
    return bucket, key


def fetch_outputs(run: Run) -> None:
    """Read the output artifacts that a provider has put into S3 itself."""
    for name in run.action.outputs:
        bucket, key = location(run, name)
        try:
            found = run.context.cloud.in_account("s3", run.context.home).get_object(Bucket=bucket, Key=key)
        except ClientError:
            # Whatever needs it says that it does not exist.
            continue
        run.context.artifacts.path(name).write_bytes(found["Body"].read())


def location(run: Run, name: str) -> tuple[str, str]:
    """Return the bucket and key of an artifact."""
    definition = run.context.definition
    folder = f"{definition.name[:PIPELINE_CHARACTERS]}/{name[:ARTIFACT_CHARACTERS]}"
    # Of the whole name, because several artifacts may begin alike, as `Artifact_Build_…` do.
    identifier = hashlib.sha256(f"{run.context.execution_id}/{name}".encode()).hexdigest()[:ID_CHARACTERS]
    return definition.artifacts_in(run.action.region), f"{folder}/{identifier}"


def _check(run: Run, role_arn: str | None, action: str, name: str) -> None:
    bucket, key = location(run, name)
    role = role_arn or run.action.role_arn or run.context.definition.role_arn
    run.context.cloud.check(role, action, f"arn:aws:s3:::{bucket}/{key}")
