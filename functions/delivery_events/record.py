"""The function that writes down what an environment has, each time it has got something: one record, written once."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from .clients import Accounts
from .execution import ROLLBACK, Action, Execution, read
from .failure import Clients

SERVICE = "AWS::ECS::Service"


def handler(event: Mapping[str, Any], _context: object) -> str:
    """Work on an event, as Lambda hands it over."""
    return keep(event, Accounts(os.environ["LOOKUP_ROLE"]), os.environ)


def keep(event: Mapping[str, Any], clients: Clients, variables: Mapping[str, str]) -> str:
    """Write the record of the deployment that a stage's success stands for; return its name.

    Whatever cannot be read is raised, for another try: a record that lacks something would never be mended.
    """
    detail = event["detail"]
    execution = read(clients.home("codepipeline"), detail["pipeline"], detail["execution-id"])
    environment = json.loads(variables["ENVIRONMENTS"])[detail["stage"]]
    record = _record(execution, environment, detail["stage"], released=event["time"], clients=clients)
    # An event that comes again has the same time, a stage that was retried another one.
    name = f"{environment}/{event['time'].replace(':', '')}-{execution.id}.json"
    try:
        clients.home("s3").put_object(
            Bucket=variables["BUCKET"],
            Key=name,
            Body=json.dumps(record, indent=2).encode(),
            ContentType="application/json",
            # A bucket with Object Lock takes nothing without one.
            ChecksumAlgorithm="SHA256",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("PreconditionFailed", "412"):
            raise
    return name


def _record(execution: Execution, environment: str, stage: str, *, released: str, clients: Clients) -> dict[str, Any]:
    ran = execution.of_stage(stage)
    stacks = [_Stack(action, clients) for action in ran if "StackName" in action.configuration]
    approval = _approval(_approved_in(execution, clients), environment)
    tests = [action.variables["SUMMARY"] for action in ran if "SUMMARY" in action.variables]
    return {
        "environment": environment,
        "commit": execution.commit.id,
        "title": execution.commit.title,
        "author": execution.commit.author,
        "released": released,
        "began": min((str(action.started) for action in execution.actions), default=""),
        "approver": approval.updated_by if approval else "",
        "approval_comment": approval.summary if approval else "",
        "approved": str(approval.ended) if approval else "",
        "tests": tests,
        "images": sorted({image for stack in stacks for image in stack.images()}),
        "regions": sorted({stack.region for stack in stacks}),
        "templates": {stack.name: stack.template_hash for stack in stacks},
        "pipeline": execution.pipeline,
        "execution": execution.id,
        "rolled_back_from": execution.failed_execution,
    }


def _approved_in(execution: Execution, clients: Clients) -> Execution:
    """Return the execution in which somebody said yes: a rollback asks nobody."""
    if execution.kind != ROLLBACK:
        return execution
    return read(clients.home("codepipeline"), execution.pipeline, execution.target_execution)


def _approval(execution: Execution, environment: str) -> Action | None:
    given = [action for action in execution.actions if action.category == "Approval" and action.status == "Succeeded"]
    # A stage is named after its environment, with what it is for behind it.
    return next((action for action in given if action.stage == f"{environment.capitalize()}Approval"), None)


class _Stack:
    """A deployed stack, read in its own account."""

    def __init__(self, action: Action, clients: Clients) -> None:
        self.name = action.configuration["StackName"]
        self._account = action.configuration["RoleArn"].split(":")[4]
        self.region = action.region
        self._clients = clients
        self._template: Any = self._client("cloudformation").get_template(StackName=self.name)["TemplateBody"]

    @property
    def template_hash(self) -> str:
        """The SHA-256 of the template as it is deployed, written without blanks and in the keys' order."""
        text = self._template
        if not isinstance(text, str):
            text = json.dumps(text, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def images(self) -> Iterator[str]:
        """Yield what the tasks of the stack's services run, as `URI@DIGEST`."""
        resources: Mapping[str, Any] = {} if isinstance(self._template, str) else self._template["Resources"]
        for logical_id, resource in resources.items():
            if resource["Type"] == SERVICE:
                yield from self._images_of(logical_id)

    def _images_of(self, logical_id: str) -> Iterator[str]:
        found = self._client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=logical_id
        )
        arn = found["StackResourceDetail"]["PhysicalResourceId"]
        *_, cluster, service = arn.split("/")
        ecs = self._client("ecs")
        tasks: Sequence[str] = ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
        described = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"] if tasks else []
        for task in described:
            for container in task["containers"]:
                if digest := container.get("imageDigest"):
                    yield f"{container['image'].partition('@')[0]}@{digest}"

    def _client(self, service: str) -> Any:
        return self._clients.environment(service, self._account, self.region)
