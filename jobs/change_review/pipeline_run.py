"""The pipeline execution that requested the review, and where its review is stored."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import UserError
from jobs.aws_errors import explained
from jobs.change_review.approval.release_records import ReleaseRecords

MAX_TITLE_LENGTH = 80
UNTITLED = "(no title)"
"""Used if the title is unknown: CodePipeline has no empty variables."""
CONTENT_TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json"}
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})


@dataclass(frozen=True, kw_only=True)
class PipelineRun:
    """One execution, as described by its build's environment variables."""

    commit: str
    pipeline: str
    execution: str
    publish_to: str
    """Bucket and prefix, `bucket/prefix`."""
    later_stages: tuple[str, ...]
    """The stages from this review to the deployment that it reviews."""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "PipelineRun | None":
        """Return the execution; None if the variables are unset, for a review by hand."""
        names = ("COMMIT", "PIPELINE", "EXECUTION", "PUBLISH_TO", "LATER_STAGES")
        missing = [name for name in names if not variables.get(name)]
        if len(missing) == len(names):
            return None
        if missing:
            raise UserError(
                f"environment variables without a value: {', '.join(missing)}; set all of {', '.join(names)}, or none"
            )
        commit, pipeline, execution, publish_to, later_stages = (variables[name] for name in names)
        return cls(
            commit=commit,
            pipeline=pipeline,
            execution=execution,
            publish_to=publish_to,
            later_stages=tuple(later_stages.split()),
        )

    def others_in_progress(self) -> tuple[str, ...]:
        """Return earlier executions in progress: the review does not see what they are about to deploy.

        Call it before comparing: no other execution passes this one during its review. A failed stage that is retried
        meanwhile is not detected. Raises UserError.
        """
        try:
            states = self._stage_states
        except (BotoCoreError, ClientError) as error:
            rights = "credentials with codepipeline:GetPipelineState"
            raise UserError(
                f"the state of the pipeline {self.pipeline} cannot be read: {explained(error, rights)}"
            ) from None
        found = {
            execution["pipelineExecutionId"]
            for state in states
            if state["stageName"] in self.later_stages
            for execution in (
                state.get("latestExecution", {}),
                state.get("inboundExecution", {}),
                *state.get("inboundExecutions", []),
            )
            if execution.get("status") == "InProgress"
        }
        return tuple(sorted(found - {self.execution}))

    def failed_stages(self) -> tuple[str, ...]:
        """Return the environment's deployments whose last execution failed and was not rolled back."""
        return tuple(
            state["stageName"]
            for state in self._stage_states
            if state["stageName"] in self.later_stages
            and not state["stageName"].endswith("Approval")
            and state.get("latestExecution", {}).get("status") == "Failed"
        )

    def title(self) -> str:
        """Return the first line of the commit's message, shortened; `(no title)` if unknown.

        It is not passed as a variable, because quotes in a message would break the build's variables (aws-cdk#8458).
        """
        message = _message(self._revision.get("revisionSummary", "")).strip()
        return one_line((message.splitlines() or [""])[0], MAX_TITLE_LENGTH) or UNTITLED

    def link(self) -> str:
        """Return the address of a commit's diff at its provider, with `{commit}` instead of the id; empty if unknown.

        CodePipeline knows the address of the released commit. Those of the others differ by the id only.
        """
        address = self._revision.get("revisionUrl", "")
        is_known = address.startswith("https://") and self.commit in address
        return address.replace(self.commit, "{commit}") if is_known else ""

    def records(self) -> ReleaseRecords:
        """Return the bucket of release records, in which the reviews are stored too."""
        bucket, _, prefix = self.publish_to.partition("/")
        return ReleaseRecords(client=self._client("s3"), bucket=bucket, reviews=prefix)

    def publish(self, environment: str, files: Mapping[str, str]) -> str:
        """Store the files, texts by suffix, and return the console address of the first. Raise UserError."""
        bucket, _, prefix = self.publish_to.partition("/")
        keys = []
        client = self._client("s3")
        try:
            for suffix, text in files.items():
                keys.append(f"{prefix}/{environment}/{self.execution}{suffix}")
                client.put_object(
                    Bucket=bucket,
                    Key=keys[-1],
                    Body=text.encode(),
                    ContentType=CONTENT_TYPES[suffix],
                    # Object Lock requires a checksum.
                    ChecksumAlgorithm="SHA256",
                )
        except (BotoCoreError, ClientError) as error:
            rights = "credentials with s3:PutObject for it, and kms:GenerateDataKey for its key"
            raise UserError(f"the review cannot be stored in {self.publish_to}: {explained(error, rights)}") from None
        return f"https://console.aws.amazon.com/s3/object/{bucket}?region={client.meta.region_name}&prefix={keys[0]}"

    @cached_property
    def _stage_states(self) -> list[dict[str, Any]]:
        return self._client("codepipeline").get_pipeline_state(name=self.pipeline)["stageStates"]

    @cached_property
    def _revision(self) -> Mapping[str, str]:
        """The source's revision; empty if it cannot be read, which is printed, because nothing depends on it."""
        try:
            found = self._client("codepipeline").get_pipeline_execution(
                pipelineName=self.pipeline, pipelineExecutionId=self.execution
            )
            return found["pipelineExecution"]["artifactRevisions"][0]
        except (BotoCoreError, ClientError) as error:
            rights = "credentials with codepipeline:GetPipelineExecution"
            print(f"the commit's title and address are unknown: {explained(error, rights)}", file=sys.stderr)
        except (KeyError, IndexError):
            print("the commit's title and address are unknown: CodePipeline names no revision", file=sys.stderr)
        return {}

    def _client(self, service: str) -> Any:
        # boto3's overloads know each service by a literal name only.
        client: Any = boto3.client
        return client(service, config=_CONFIG)


def one_line(text: str, most: int) -> str:
    """Return the text in one line of at most `most` characters, with spaces instead of control characters.

    A variable, a comment or the subject of a mail cannot contain those.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _message(summary: str) -> str:
    """Return the commit's message; a connection's source action wraps it in JSON."""
    try:
        wrapped = json.loads(summary)
    except ValueError:
        return summary
    return wrapped.get("CommitMessage", summary) if isinstance(wrapped, dict) else summary
