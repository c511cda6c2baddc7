"""Reads release records from their bucket."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws_errors import explained, has_no_stack

READING: Final = "credentials of the pipeline's account with s3:ListBucket, s3:GetObject and kms:Decrypt"


class RecordsError(Exception):
    """The records cannot be read; the text says why."""


@dataclass(frozen=True)
class Record:
    """One release of one environment."""

    released: datetime
    content: Mapping[str, Any]
    """The record's JSON document."""

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.content["environment"]

    @property
    def target(self) -> tuple[str, ...]:
        """The environment and the regions that got the release together."""
        return (self.environment, *self.content["regions"])


def read_all(client: Any, bucket: str, environment: str | None) -> tuple[Record, ...]:
    """Return the records, of one environment or of all, oldest first; raise RecordsError."""
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{environment}/" if environment else ""
    )
    try:
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        # Reviews are stored beside the records, in a folder of their own.
        names = [key for key in keys if key.count("/") == 1]
        found = [_read(client, bucket, name) for name in names]
    except (BotoCoreError, ClientError) as error:
        raise RecordsError(f"the records in {bucket} cannot be read: {explained(error, READING)}") from None
    return tuple(sorted(found, key=lambda record: record.released))


def on(records: Sequence[Record], day: date, zone: tzinfo) -> tuple[Record, ...]:
    """Return the releases that were deployed on a day: those at its start, and those during it."""
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    before = {record.target: record for record in records if record.released < begins}
    during = [record for record in records if begins <= record.released < ends]
    return tuple(sorted([*before.values(), *during], key=lambda record: (record.target, record.released)))


def now(records: Sequence[Record]) -> tuple[Record, ...]:
    """Return the current release of each environment."""
    return tuple({record.target: record for record in records}.values())


def bucket_of(client: Any, stack: str) -> str:
    """Return the bucket from the pipeline stack's output; `client` is CloudFormation's. Raises RecordsError."""
    try:
        [found] = client.describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        reason = explained(error, "credentials of the pipeline's account with cloudformation:DescribeStacks")
        if isinstance(error, ClientError) and has_no_stack(error):
            reason = "it does not exist in this account and region; set AWS_PROFILE, or name the bucket with --bucket"
        raise RecordsError(f"the stack {stack} cannot be read: {reason}") from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if OUTPUT not in outputs:
        raise RecordsError(f"the stack {stack} has no output {OUTPUT}; name the bucket with --bucket")
    return outputs[OUTPUT]


OUTPUT = "ReleaseRecordBucket"
"""The output of the pipeline's stack that names the bucket."""


def _read(client: Any, bucket: str, name: str) -> Record:
    body = client.get_object(Bucket=bucket, Key=name)["Body"].read()
    try:
        content = json.loads(body)
        return Record(datetime.fromisoformat(content["released"]), content)
    except (ValueError, KeyError, TypeError) as error:
        raise RecordsError(f"s3://{bucket}/{name} is not a release record: {error}") from None
