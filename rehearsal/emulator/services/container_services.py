"""ECS: definitions in the API's spelling, image digests, replaced tasks, and counts within scaling limits."""

import hashlib
import json
from typing import Any

from typing_extensions import override

from rehearsal.emulator.cloudformation import generic_types, providers
from rehearsal.emulator.internals import Properties, Provisioned, ecs, here, provisioners, responses
from rehearsal.emulator.services import scaling, unserved
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import Gap, GapKind

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
DESIRED_COUNT = "ecs:service:DesiredCount"
AS_WRITTEN = ("dockerLabels", "options")
"""Members of a container definition whose members have names that the user chooses."""

_short_of_tasks: Any = responses.AccountRegionScopedDict()
"""The clusters of services with a stopped task, by the service."""


def register() -> None:
    """Complete ministack's container definitions and tasks; let a scalable target raise its service to its minimum."""
    original_normalize = provisioners._normalize_container_defs

    def spelled(definitions: list[Properties]) -> list[Properties]:
        return [_spelled(definition) for definition in original_normalize(definitions)]

    provisioners._normalize_container_defs = spelled
    original_build = ecs._build_task_containers

    def made(definition: Properties | None, overrides: list[Properties]) -> list[Properties]:
        return [{**item, "imageDigest": _digest(item["image"])} for item in original_build(definition, overrides)]

    ecs._build_task_containers = made
    _replace_stopped_tasks()
    _refuse_single_tasks()
    providers.register(ScalableTarget(SCALABLE_TARGET))


def _replace_stopped_tasks() -> None:
    """Start another task for one that StopTask has stopped: not at once, but when the service is next described."""
    stop, describe = ecs._ACTION_MAP["StopTask"], ecs._ACTION_MAP["DescribeServices"]

    def stop_task(request: Properties) -> Any:
        answer = stop(request)
        if answer[0] < 400:
            task = json.loads(answer[2])["task"]
            if task.get("group", "").startswith("service:"):
                cluster, service = task["clusterArn"].rpartition("/")[2], task["group"].partition(":")[2]
                _short_of_tasks[f"{cluster}/{service}"] = cluster
        return answer

    def describe_services(request: Properties) -> Any:
        for service, cluster in list(_short_of_tasks.items()):
            _short_of_tasks.pop(service)
            ecs._reconcile_service_tasks(cluster, service)
        return describe(request)

    ecs._ACTION_MAP |= {"StopTask": stop_task, "DescribeServices": describe_services}


def _refuse_single_tasks() -> None:
    """Refuse RunTask: its containers do not run, and ministack would show the task as running without end."""
    run = ecs._run_task

    def run_task(request: Properties) -> Any:
        if "_deploymentId" in request:
            # A service's.
            return run(request)
        family = str(request.get("taskDefinition", "")).rpartition("/")[2].partition(":")[0]
        account, region = here()
        reason = "the containers of RunTask do not run here"
        unserved.add(Gap(GapKind.WORKLOAD, f"task definition {family} in {account}/{region}", reason))
        unserved.note(GapKind.WORKLOAD, f"{family}: {reason}")
        return responses.error_response_json("ClientException", f"{NOT_EMULATED}: {family}: {reason}", 400)

    ecs._run_task = run_task
    ecs._ACTION_MAP["RunTask"] = run_task


class ScalableTarget(generic_types.RecordedType):
    """Scalable targets, which keep their service's desired count within their limits."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        _scale(properties)
        scaling.record(properties)
        return super().create(logical_id, properties, stack_name)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        _scale(new)
        scaling.record(new)
        return super().update(physical_id, old, new, stack_name, logical_id)


def _spelled(value: Any) -> Any:
    """Spell the names of all members as the API does; ministack does so for the upper ones and leaves out secrets."""
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    camel = {name[:1].lower() + name[1:]: inner for name, inner in value.items()}
    return {name: inner if name in AS_WRITTEN else _spelled(inner) for name, inner in camel.items()}


def _digest(image: str) -> str:
    """Return the digest in an image's name, else one derived from its tag: nothing is pulled here."""
    _, _, digest = image.partition("@")
    return digest or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _scale(properties: Properties) -> None:
    """Set the desired count within the limits, as registering a target does; it never scales later."""
    if properties["ScalableDimension"] != DESIRED_COUNT:
        return
    _, cluster, name = properties["ResourceId"].split("/")
    service = ecs._services.get(f"{cluster}/{name}")
    if service is None:
        raise ValueError(f"ECS service doesn't exist: {properties['ResourceId']}")
    count = min(max(service["desiredCount"], int(properties["MinCapacity"])), int(properties["MaxCapacity"]))
    if count != service["desiredCount"]:
        ecs._update_service({"cluster": cluster, "service": name, "desiredCount": count})
