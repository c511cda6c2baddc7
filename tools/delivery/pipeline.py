"""The deployed pipeline: its definition, stages and executions."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from botocore.exceptions import ClientError

from cloud_assembly import PIPELINE, Assembly, AwsEnvironment
from tools.accounts.accounts import Accounts
from tools.accounts.errors import OperationError
from tools.releases.records import bucket_of

ROLLBACK: Final = "ROLLBACK"
HOTFIX: Final = "HOTFIX"
"""The pipeline's variable that skips the bakes before the last environment."""
BUSY: Final = ("InProgress", "Stopping")
"""Statuses of a stage's execution during which CodePipeline starts no rollback."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage that deploys an environment, in one wave of its regions."""

    name: str
    regions: tuple[str, ...]
    """The regions of its stacks, as a release record names them."""
    artifact: str
    """The input artifact with the cloud assembly."""
    folders: tuple[str, ...]
    """The folders of the environment's stacks in that assembly."""


@dataclass(frozen=True, kw_only=True)
class StageState:
    """What is in a stage, and whether executions may enter it."""

    execution: str
    """The id of the latest execution; "" if none has run here."""
    status: str
    disabled: str
    """Why its inbound transition is disabled; "" if it is enabled."""
    running: tuple[str, ...] = ()
    """The actions in progress."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution of the pipeline."""

    id: str
    version: int
    """The version of the pipeline that it ran."""
    commit: str
    title: str
    target: str
    """The execution that a rollback returned to; "" for others."""


class DeployedPipeline:
    """Reads and starts executions with the caller's own credentials. Methods raise boto3's errors."""

    def __init__(self, assembly: Assembly, accounts: Accounts) -> None:
        """Raise OperationError if the credentials are of another account than the pipeline's."""
        self.home: AwsEnvironment = assembly.home
        [self.name] = [properties["Name"] for _, properties in assembly.pipeline.of_type(PIPELINE)]
        self._stack = assembly.pipeline.name
        if accounts.account != self.home.account:
            raise OperationError(
                f"the pipeline is in account {self.home.account}, but the credentials are of {accounts.account}; "
                f"set AWS_PROFILE to a profile of {self.home.account}"
            )
        self._accounts = accounts

    def client(self, service: str) -> Any:
        """Return a client of a service in the pipeline's account and region."""
        return self._accounts.client(service, self.home, role_arn=None)

    @cached_property
    def definition(self) -> Mapping[str, Any]:
        """The deployed definition; raises OperationError if there is no pipeline."""
        try:
            return self.client("codepipeline").get_pipeline(name=self.name)["pipeline"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "PipelineNotFoundException":
                raise OperationError(
                    f"there is no pipeline {self.name} in {self.home}; install it first: make deploy"
                ) from None
            raise

    @property
    def source_action(self) -> str:
        """The name of the source action."""
        return self.definition["stages"][0]["actions"][0]["name"]

    def stages_of(self, stacks: Iterable[str]) -> list[Stage]:
        """Return the stages that deploy one of these stacks, in order."""
        wanted = set(stacks)
        found: list[Stage] = []
        for stage in self.definition["stages"]:
            deploying = [one for one in stage["actions"] if one["actionTypeId"]["provider"] == "CloudFormation"]
            if not any(one["configuration"].get("StackName") in wanted for one in deploying):
                continue
            templates = [one["configuration"]["TemplatePath"].partition("::") for one in deploying]
            found.append(
                Stage(
                    name=stage["name"],
                    regions=tuple(sorted({one.get("region") or self.home.region for one in deploying})),
                    artifact=templates[0][0],
                    folders=tuple(dict.fromkeys(path.rpartition("/")[0] for _, _, path in templates)),
                )
            )
        return found

    def states(self) -> Mapping[str, StageState]:
        """Return the state of each stage that has one."""
        found = self.client("codepipeline").get_pipeline_state(name=self.name)["stageStates"]
        return {state["stageName"]: _state(state) for state in found}

    def execution(self, execution_id: str) -> Execution | None:
        """Return an execution; None if CodePipeline no longer knows it. A rollback has its target's commit."""
        client = self.client("codepipeline")
        try:
            answer = client.get_pipeline_execution(pipelineName=self.name, pipelineExecutionId=execution_id)
        except ClientError as error:
            if error.response["Error"]["Code"] == "PipelineExecutionNotFoundException":
                return None
            raise
        found = answer["pipelineExecution"]
        target = found.get("rollbackMetadata", {}).get("rollbackTargetPipelineExecutionId", "")
        revisions = found.get("artifactRevisions") or [{}]
        if target and not revisions[0]:
            returned_to = self.execution(target)
            commit, title = (returned_to.commit, returned_to.title) if returned_to else ("", "")
        else:
            commit, title = revisions[0].get("revisionId", ""), _title(revisions[0].get("revisionSummary", ""))
        return Execution(id=execution_id, version=found["pipelineVersion"], commit=commit, title=title, target=target)

    def artifact_of(self, execution_id: str, name: str) -> tuple[str, str] | None:
        """Return bucket and key of an output artifact of the execution; None if it has none of that name."""
        pages = (
            self.client("codepipeline")
            .get_paginator("list_action_executions")
            .paginate(pipelineName=self.name, filter={"pipelineExecutionId": execution_id})
        )
        for page in pages:
            for action in page["actionExecutionDetails"]:
                for artifact in action.get("output", {}).get("outputArtifacts", ()):
                    if artifact["name"] == name:
                        place = artifact["s3location"]
                        return place["bucket"], place["key"]
        return None

    def deployed_definition(self) -> Any:
        """Return the pipeline's properties in the deployed template of its stack."""
        found = self.client("cloudformation").get_template(StackName=self._stack, TemplateStage="Original")
        return definition_in(found["TemplateBody"])

    @cached_property
    def records(self) -> str:
        """The bucket of the release records and their reviews; raises RecordsError."""
        return bucket_of(self.client("cloudformation"), self._stack)

    def review_page(self, key: str) -> str:
        """Return the console's address of a change review."""
        return f"https://console.aws.amazon.com/s3/object/{self.records}?region={self.home.region}&prefix={key}"

    def page(self, execution_id: str) -> str:
        """Return the console's address of an execution."""
        region = self.home.region
        return (
            f"https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{self.name}/executions/"
            f"{execution_id}/timeline?region={region}"
        )


def review_key(execution_id: str, environment: str) -> str:
    """Return where an execution's change review is in the bucket of the release records."""
    return f"change-reviews/{environment}/{execution_id}.html"


def definition_in(template: Any) -> Any:
    """Return the properties of the pipeline in a template; None if it has none."""
    document = json.loads(template) if isinstance(template, str) else template
    found = [one["Properties"] for one in document["Resources"].values() if one["Type"] == PIPELINE]
    return found[0] if found else None


def _state(state: Mapping[str, Any]) -> StageState:
    latest = state.get("latestExecution", {})
    transition = state.get("inboundTransitionState", {})
    disabled = "" if transition.get("enabled", True) else transition.get("disabledReason") or "no reason given"
    running = tuple(
        action["actionName"]
        for action in state.get("actionStates", ())
        if action.get("latestExecution", {}).get("status") == "InProgress"
    )
    return StageState(
        execution=latest.get("pipelineExecutionId", ""),
        status=latest.get("status", ""),
        disabled=disabled,
        running=running,
    )


def _title(summary: str) -> str:
    """Return the first line of the commit's message; a connection's source action wraps it in JSON."""
    try:
        wrapped = json.loads(summary)
    except ValueError:
        wrapped = summary
    message = wrapped.get("CommitMessage", "") if isinstance(wrapped, dict) else str(wrapped)
    return message.strip().partition("\n")[0]
