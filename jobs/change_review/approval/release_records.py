"""What an environment runs now, and what earlier environments received since: from the release records and reviews."""

import json
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import UserError
from jobs.aws_errors import code_of, explained

MOST_RECORDS: Final = 50
"""How many records of an environment to read, newest first."""
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A release that an environment runs, from its record."""

    commit: str
    title: str
    author: str
    released: str
    """When its deployment ended, in ISO 8601."""
    approver: str
    execution: str
    stacks: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class ReleaseRecords:
    """The bucket of release records. Reviews are stored there too, and locked like the records."""

    client: Any
    """boto3's client of S3."""
    bucket: str
    reviews: str
    """The prefix of reviews."""

    def running(self, environment: str, stages: Sequence[Set[str]]) -> tuple[Deployed | None, ...]:
        """Return what each stage of an environment runs: the last release that deployed any of its stacks.

        `stages` has the names of each stage's stacks. Raises UserError.
        """
        found: list[Deployed | None] = [None] * len(stages)
        for record in self._newest_first(environment):
            for number, stacks in enumerate(stages):
                if found[number] is None and not record.stacks.isdisjoint(stacks):
                    found[number] = record
            if all(found):
                break
        return tuple(found)

    def since(self, environment: str, commit: str) -> tuple[tuple[str, ...], bool]:
        """Return the executions that an environment received after it last ran a commit, newest first.

        The second value is whether the commit was found; if not, the executions are all that were read.
        """
        executions: list[str] = []
        for record in self._newest_first(environment):
            if record.commit == commit:
                return tuple(dict.fromkeys(executions)), True
            executions.append(record.execution)
        return tuple(dict.fromkeys(executions)), False

    def review(self, environment: str, execution: str) -> dict[str, Any] | None:
        """Return the stored review of an environment in an execution; None if there is none. Raises UserError.

        The review's role may list the bucket: S3 would answer AccessDenied for a missing object otherwise.
        """
        try:
            return json.loads(self._read(f"{self.reviews}/{environment}/{execution}.json"))
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return None
            raise self._unreadable(error) from None
        except (BotoCoreError, ValueError) as error:
            raise self._unreadable(error) from None

    def _newest_first(self, environment: str) -> Iterator[Deployed]:
        try:
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=f"{environment}/", Delimiter="/"
            )
            # A name begins with the time.
            names = sorted((item["Key"] for page in pages for item in page.get("Contents", [])), reverse=True)
            for name in names[:MOST_RECORDS]:
                yield _deployed(json.loads(self._read(name)))
        except (BotoCoreError, ClientError, ValueError) as error:
            raise self._unreadable(error) from None

    def _read(self, name: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read()

    def _unreadable(self, error: Exception) -> UserError:
        rights = "credentials with s3:ListBucket and s3:GetObject for it, and kms:Decrypt for its key"
        return UserError(f"the release records in {self.bucket} cannot be read: {explained(error, rights)}")


def _deployed(record: dict[str, Any]) -> Deployed:
    return Deployed(
        commit=record.get("commit", UNKNOWN),
        title=record.get("title", ""),
        author=record.get("author", UNKNOWN),
        released=record.get("released", ""),
        approver=record.get("approver", "").rpartition("/")[2],
        execution=record.get("execution", ""),
        stacks=frozenset(record.get("templates", {})),
    )
