"""S3: puts an artifact, or the files in it, into a bucket."""

import mimetypes
import tempfile
from pathlib import Path

from rehearsal.actions import artifacts
from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.actions.services.calls import failing
from rehearsal.actions.sources.contents import folder_files


def execute(run: Run) -> Outcome:
    """Put the input artifact under the key or, extracted, its files below it."""
    configuration, artifact = run.configuration, run.action.inputs[0]
    bucket, key = configuration["BucketName"], configuration.get("ObjectKey", "")
    options = {
        argument: configuration[name]
        for name, argument in (("CannedACL", "ACL"), ("CacheControl", "CacheControl"))
        if configuration.get(name)
    }
    if kms := configuration.get("KMSEncryptionKeyARN"):
        options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms}
    with failing(run), tempfile.TemporaryDirectory() as folder:
        artifacts.read_inputs(run)
        client = run.context.cloud.client("s3", run.aws_environment.region, run.credentials())
        if configuration["Extract"] == "true":
            run.context.artifacts.unpack(artifact, Path(folder))
            prefix = f"{key.rstrip('/')}/" if key else ""
            files = {f"{prefix}{name}": file for name, file in folder_files(Path(folder)).items()}
        elif key:
            files = {key: run.context.artifacts.path(artifact)}
        else:
            raise ActionFailed("without Extract, the action needs an ObjectKey")
        for name, file in files.items():
            kind = mimetypes.guess_type(name)[0] or "binary/octet-stream"
            client.put_object(Bucket=bucket, Key=name, Body=file.read_bytes(), ContentType=kind, **options)
    run.log(f"put {len(files)} object(s) into {bucket}")
    return Outcome()
