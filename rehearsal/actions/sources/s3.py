"""Sources in S3: an object of a versioned bucket."""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.actions.sources import contents


def execute(run: Run) -> Outcome:
    """Upload the contents as somebody with access to the bucket would, then read them as the action's role.

    An object that the account already contains is delivered as it is, unless the rehearsed commit or a folder replaces
    it. A bucket that the app does not create is created.
    """
    bucket, key = run.configuration["S3Bucket"], run.configuration["S3ObjectKey"]
    owner = run.context.cloud.in_account("s3", run.aws_environment)
    target = run.context.artifacts.path(run.action.outputs[0])
    try:
        _create(run, owner, bucket)
        replaced = contents.given_folder(run) or run.name == contents.rehearsed_source(run.context.definition)
        if replaced or not _exists(owner, bucket, key):
            contents.deliver(run)
            owner.put_object(Bucket=bucket, Key=key, Body=target.read_bytes())
        reader = run.context.cloud.client("s3", run.aws_environment.region, run.credentials())
        if reader.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
            raise ActionFailed(f"bucket {bucket} does not keep versions, which a source in S3 needs; enable versioning")
        found = reader.get_object(Bucket=bucket, Key=key)
        target.write_bytes(found["Body"].read())
    except ClientError as error:
        raise ActionFailed(f"s3://{bucket}/{key}: {error.response['Error']['Message']}") from None
    return Outcome(
        variables={
            "BucketName": bucket,
            "ObjectKey": key,
            "ETag": found["ETag"].strip('"'),
            "VersionId": found.get("VersionId", ""),
        }
    )


def _create(run: Run, owner: Any, bucket: str) -> None:
    try:
        owner.head_bucket(Bucket=bucket)
    except ClientError:
        region = run.aws_environment.region
        place: dict[str, Any] = (
            {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        owner.create_bucket(Bucket=bucket, **place)
        owner.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        run.log(f"bucket {bucket} is not in the app; created it empty")


def _exists(owner: Any, bucket: str, key: str) -> bool:
    try:
        owner.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True
