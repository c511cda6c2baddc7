"""The pipeline execution that requested the review, and where its review is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import UserError

MAX_TITLE_LENGTH = 80
UNTITLED = "(no title)"
"""Used if the title is unknown: CodePipeline has no empty variables."""
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
            states = boto3.client("codepipeline", config=_CONFIG).get_pipeline_state(name=self.pipeline)["stageStates"]
        except (BotoCoreError, ClientError) as error:
            raise UserError(f"the state of the pipeline {self.pipeline} cannot be read: {error}") from None
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

    def title(self) -> str:
        """Return the first line of the commit's message, shortened; `(no title)` if unknown.

        It is not passed as a variable, because quotes in a message would break the build's variables (aws-cdk#8458).
        """
        try:
            found = boto3.client("codepipeline", config=_CONFIG).get_pipeline_execution(
                pipelineName=self.pipeline, pipelineExecutionId=self.execution
            )
            summary = found["pipelineExecution"]["artifactRevisions"][0]["revisionSummary"]
        except (BotoCoreError, ClientError, KeyError, IndexError):
            return UNTITLED
        line = (_message(summary).strip().splitlines() or [UNTITLED])[0]
        return line if len(line) <= MAX_TITLE_LENGTH else f"{line[: MAX_TITLE_LENGTH - 1]}…"

    def publish(self, environment: str, files: Mapping[str, Path]) -> str:
        """Store the files, given by content type, and return the console address of the first. Raise UserError."""
        bucket, _, prefix = self.publish_to.partition("/")
        keys = []
        try:
            client = boto3.client("s3", config=_CONFIG)
            for content_type, file in files.items():
                keys.append(f"{prefix}/{self.execution}/{environment}{file.suffix}")
                client.put_object(Bucket=bucket, Key=keys[-1], Body=file.read_bytes(), ContentType=content_type)
        except (BotoCoreError, ClientError) as error:
            raise UserError(f"the review cannot be stored in {self.publish_to}: {error}") from None
        return f"https://console.aws.amazon.com/s3/object/{bucket}?region={client.meta.region_name}&prefix={keys[0]}"


def _message(summary: str) -> str:
    """Return the commit's message; a connection's source action wraps it in JSON."""
    try:
        wrapped = json.loads(summary)
    except ValueError:
        return summary
    return wrapped.get("CommitMessage", summary) if isinstance(wrapped, dict) else summary
