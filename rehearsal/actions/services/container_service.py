"""ECS: gives a service a new revision of its task definition, with the images that an artifact names."""

import json
from typing import Any

from rehearsal.actions import artifacts
from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.actions.services.calls import failing
from rehearsal.gaps import GapKind

FILE = "imagedefinitions.json"
NO_TASKS = "no image is pulled, and no task of the new revision runs; CodePipeline waits until they do"
"""Why an action is a gap although it succeeds."""
REGISTERED = (
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "ephemeralStorage",
    "runtimePlatform",
)
"""Members of a task definition that a new revision takes over."""


def execute(run: Run) -> Outcome:
    """Register the revision and update the service; the images are not pulled."""
    cluster, service = run.configuration["ClusterName"], run.configuration["ServiceName"]
    images = _images(run)
    with failing(run):
        artifacts.read_inputs(run)
        client = run.context.cloud.client("ecs", run.aws_environment.region, run.credentials())
        found = client.describe_services(cluster=cluster, services=[service])["services"]
        if not found or found[0].get("status") == "INACTIVE":
            raise ActionFailed(f"service {service} does not exist in cluster {cluster}")
        current = client.describe_task_definition(taskDefinition=found[0]["taskDefinition"])["taskDefinition"]
        revision = _with_images(current, images)
        registered = client.register_task_definition(**revision)["taskDefinition"]["taskDefinitionArn"]
        client.update_service(cluster=cluster, service=service, taskDefinition=registered)
    run.note_gap(GapKind.WORKLOAD, NO_TASKS)
    run.details.external_id = registered
    run.log(f"service {service} runs {registered.rpartition('/')[2]}: {', '.join(images.values())}")
    return Outcome()


def _images(run: Run) -> dict[str, str]:
    """Return the image of each container that the file names."""
    name = run.configuration.get("FileName") or FILE
    text = run.context.artifacts.read(f"{run.action.inputs[0]}::{name}")
    try:
        return {item["name"]: item["imageUri"] for item in json.loads(text)}
    except (ValueError, KeyError, TypeError) as error:
        raise ActionFailed(f'{name} is not a list of {{"name": …, "imageUri": …}}: {error!r}') from None


def _with_images(current: dict[str, Any], images: dict[str, str]) -> dict[str, Any]:
    containers = {item["name"]: item for item in current["containerDefinitions"]}
    if unknown := sorted(images.keys() - containers.keys()):
        raise ActionFailed(
            f"the task definition {current['family']} has no container {', '.join(unknown)}; it has: "
            f"{', '.join(containers)}"
        )
    updated = [{**item, "image": images.get(name, item.get("image"))} for name, item in containers.items()]
    return {name: current[name] for name in REGISTERED if current.get(name)} | {"containerDefinitions": updated}
