"""The recorder Lambda: writes one release record for each deployment to an environment."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .clients import Accounts, NotReadable
from .execution import ROLLBACK, Action, DeployedStack, Execution, read
from .failure import Clients
from .history import undone_execution

SERVICE = "AWS::ECS::Service"
REVIEWS = "change-reviews"
"""The folder of the reviews in the bucket of the records."""
NOT_KNOWN = "not known"
"""Where the environment has no reader role, as after a rollback to before it existed."""


def handler(event: Mapping[str, Any], _context: object) -> str:
    """Lambda's entry point."""
    return write_record(event, Accounts(os.environ), os.environ)


def write_record(event: Mapping[str, Any], clients: Clients, variables: Mapping[str, str]) -> str:
    """Write the record of the deployment whose stage has succeeded, and return its name.

    Errors of reading are raised, so that Lambda retries: an incomplete record could not be corrected. Only a missing
    reader role is not retried; the record then has "not known".
    """
    detail = event["detail"]
    execution = read(clients.home("codepipeline"), detail["pipeline"], detail["execution-id"])
    environment = json.loads(variables["ENVIRONMENTS"])[detail["stage"]]
    record = _record(execution, environment, detail["stage"], released=event["time"], clients=clients)
    # A duplicate event has the same time; a retried stage has another.
    name = f"{environment}/{event['time'].replace(':', '')}-{execution.id}.json"
    try:
        clients.home("s3").put_object(
            Bucket=variables["BUCKET"],
            Key=name,
            Body=json.dumps(record, indent=2).encode(),
            ContentType="application/json",
            # Object Lock requires a checksum.
            ChecksumAlgorithm="SHA256",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("PreconditionFailed", "412"):
            raise
    return name


def _record(execution: Execution, environment: str, stage: str, *, released: str, clients: Clients) -> dict[str, Any]:
    ran = execution.of_stage(stage)
    stacks = [_read(action.stack, clients) for action in ran if action.stack]
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
        "images": sorted({image for stack in stacks for image in stack.images}),
        "regions": sorted({stack.region for stack in stacks}),
        "templates": {stack.name: stack.template_hash for stack in stacks},
        "pipeline": execution.pipeline,
        "execution": execution.id,
        "rolled_back_from": undone_execution(clients.home("codepipeline"), execution, stage),
        "hotfix": execution.is_hotfix,
        # Stored beside the records by the review before the deployment.
        "review": f"{REVIEWS}/{environment}/{execution.target_execution or execution.id}.html",
    }


def _approved_in(execution: Execution, clients: Clients) -> Execution:
    """Return the execution that was approved; a rollback is not, its target was."""
    if execution.kind != ROLLBACK:
        return execution
    return read(clients.home("codepipeline"), execution.pipeline, execution.target_execution)


def _approval(execution: Execution, environment: str) -> Action | None:
    given = [action for action in execution.actions if action.category == "Approval" and action.status == "Succeeded"]
    return next((action for action in given if action.stage == f"{environment.capitalize()}Approval"), None)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A deployed stack."""

    name: str
    region: str
    template_hash: str
    """SHA-256 of the deployed template as JSON without blanks, keys sorted."""
    images: tuple[str, ...]
    """Of the running tasks, as `URI@DIGEST`."""


def _read(stack: DeployedStack, clients: Clients) -> _Found:
    try:
        template = clients.environment("cloudformation", stack).get_template(StackName=stack.name)["TemplateBody"]
        resources: Mapping[str, Any] = {} if isinstance(template, str) else template["Resources"]
        services = [name for name, resource in resources.items() if resource["Type"] == SERVICE]
        images = tuple(image for service in services for image in _images(stack, service, clients))
        return _Found(name=stack.name, region=stack.region, template_hash=_hash(template), images=images)
    except NotReadable:
        return _Found(name=stack.name, region=stack.region, template_hash=NOT_KNOWN, images=(NOT_KNOWN,))


def _hash(template: Any) -> str:
    text = template if isinstance(template, str) else json.dumps(template, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _images(stack: DeployedStack, logical_id: str, clients: Clients) -> Iterator[str]:
    found = clients.environment("cloudformation", stack).describe_stack_resource(
        StackName=stack.name, LogicalResourceId=logical_id
    )
    *_, cluster, service = found["StackResourceDetail"]["PhysicalResourceId"].split("/")
    ecs = clients.environment("ecs", stack)
    tasks: Sequence[str] = ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
    described = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"] if tasks else []
    for task in described:
        for container in task["containers"]:
            if digest := container.get("imageDigest"):
                yield f"{container['image'].partition('@')[0]}@{digest}"
