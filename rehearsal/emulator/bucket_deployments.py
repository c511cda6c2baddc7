"""The CDK library's deployment of files into a bucket: what its function does with the AWS CLI, done here instead."""

import io
import mimetypes
import zipfile
from collections.abc import Iterator

from rehearsal.emulator.internals import Properties, Provisioned, handlers, s3

TYPE = "Custom::CDKBucketDeployment"


def register() -> None:
    """Let stacks unpack assets into buckets."""
    handlers[TYPE] = {"create": _create, "update": _update, "delete": _delete}


def _create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
    _unpack(properties)
    return f"{stack_name}-{logical_id}", _attributes(properties)


def _update(physical_id: str, _old: Properties, new: Properties, _stack_name: str) -> Provisioned:
    _unpack(new)
    return physical_id, _attributes(new)


def _delete(_physical_id: str, properties: Properties) -> None:
    bucket = s3._buckets.get(properties["DestinationBucketName"])
    if bucket is None or str(properties.get("RetainOnDelete", True)).lower() == "true":
        return
    for key in [key for key in bucket["objects"] if key.startswith(_prefix(properties))]:
        s3._delete_object(properties["DestinationBucketName"], key)


def _unpack(properties: Properties) -> None:
    """Put every file of the sources where the deployment wants it, and take away what is no longer among them."""
    given = {name.lower(): value for name, value in (properties.get("SystemMetadata") or {}).items()}
    destination = properties["DestinationBucketName"]
    put: set[str] = set()
    for name, content in _files(properties):
        key = _prefix(properties) + name
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        status, _, answer = s3._put_object(destination, key, content, {"content-type": kind, **given})
        if status >= 400:
            raise ValueError(answer.decode())
        put.add(key)
    if str(properties.get("Prune", True)).lower() == "true":
        for key in [key for key in s3._buckets.get(destination)["objects"] if key.startswith(_prefix(properties))]:
            if key not in put:
                s3._delete_object(destination, key)


def _files(properties: Properties) -> Iterator[tuple[str, bytes]]:
    sources = zip(properties["SourceBucketNames"], properties["SourceObjectKeys"], strict=True)
    markers = properties.get("SourceMarkers") or []
    for number, (bucket, key) in enumerate(sources):
        data = s3._get_object_data(bucket, key)
        if data is None:
            raise ValueError(f"there is no object {key} in the bucket {bucket}")
        values = markers[number] if number < len(markers) else {}
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                if not name.endswith("/"):
                    yield name, _with_values(archive.read(name), values)


def _with_values(content: bytes, values: Properties) -> bytes:
    """Put values that are known only now, such as another resource's name, where their markers stand."""
    for marker, value in values.items():
        content = content.replace(marker.encode(), str(value).encode())
    return content


def _prefix(properties: Properties) -> str:
    prefix = (properties.get("DestinationBucketKeyPrefix") or "").strip("/")
    return f"{prefix}/" if prefix else ""


def _attributes(properties: Properties) -> Properties:
    return {
        "DestinationBucketArn": properties.get("DestinationBucketArn", ""),
        "SourceObjectKeys": properties["SourceObjectKeys"],
    }
