"""Publishes an assembly's assets into the emulator, as cdk-assets does."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud


def publish(cloud: Cloud, assembly: Path, place: AwsEnvironment) -> None:
    """Put the files of all functions into the bootstrap bucket of an account and region."""
    s3 = cloud.in_account("s3", place)
    bucket = f"cdk-hnb659fds-assets-{place.account}-{place.region}"
    region: dict[str, Any] = (
        {} if place.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
    )
    s3.create_bucket(Bucket=bucket, **region)
    published: set[str] = set()
    for manifest in sorted(assembly.glob("**/*.assets.json")):
        for asset in json.loads(manifest.read_text())["files"].values():
            source = manifest.parent / asset["source"]["path"]
            for destination in asset["destinations"].values():
                key = destination["objectKey"]
                if destination["bucketName"] == bucket and key not in published and not key.endswith(".json"):
                    s3.put_object(Bucket=bucket, Key=key, Body=_packed(source, asset["source"]["packaging"]))
                    published.add(key)


def _packed(source: Path, packaging: str) -> bytes:
    if packaging != "zip":
        return source.read_bytes()
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for file in sorted(source.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(source))
    return memory.getvalue()
