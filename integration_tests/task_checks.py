"""Checks that all running tasks use the released task definition and image."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from integration_tests.aws_call import wait_for
from integration_tests.service_checks import short
from integration_tests.waiting import Deadline, ProbeResult

_MOST_DETAILS = 8


def tasks_run_the_release(
    ecs: Any, *, cluster: str, service: str, task_definition_arn: str, region: str, deadline: Deadline
) -> str:
    """Wait until every running task uses the released task definition and image; raise CheckFailed otherwise.

    Returns a description of the comparison. Image digests are compared with the task definition's digest; if it names
    a tag, they are compared with each other, because the tag may have moved since.
    """
    released: dict[str, str] = {}

    def probe() -> ProbeResult:
        if not released:
            definition = ecs.describe_task_definition(taskDefinition=task_definition_arn)["taskDefinition"]
            released.update({one["name"]: one["image"] for one in definition["containerDefinitions"]})
        tasks = list(_running_tasks(ecs, cluster, service))
        faults = [] if tasks else ["no task is running"]
        others = [task for task in tasks if task["taskDefinitionArn"] != task_definition_arn]
        if others:
            revisions = ", ".join(sorted({short(task["taskDefinitionArn"]) for task in others}))
            faults.append(f"{len(others)} of {len(tasks)} tasks use another task definition: {revisions}")
        digests = _digests(tasks)
        compared = []
        for name, image in released.items():
            comparison, wrong = _compare(name, image, digests.get(name, []))
            (faults if wrong else compared).append(comparison)
        return ProbeResult(
            fault="; ".join(faults) or None,
            text="; ".join(faults or compared),
            details=tuple(_task(task) for task in tasks[:_MOST_DETAILS]),
        )

    return wait_for(
        probe,
        title="Running tasks do not use the released task definition and image.",
        asked=f"ecs:DescribeTasks of {service} in {cluster}, {region}",
        wanted=f"every task uses {short(task_definition_arn)} and its image digest",
        deadline=deadline,
        next_steps=[f"aws ecs list-tasks --region {region} --cluster {cluster} --service-name {service}"],
    )


def _running_tasks(ecs: Any, cluster: str, service: str) -> Iterator[Mapping[str, Any]]:
    for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service):
        if page["taskArns"]:
            for task in ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]:
                if task["lastStatus"] == "RUNNING":
                    yield task


def _digests(tasks: list[Mapping[str, Any]]) -> dict[str, list[str | None]]:
    """Return each container's image digests, one per task; AWS may have added containers of its own."""
    found: dict[str, list[str | None]] = defaultdict(list)
    for task in tasks:
        for container in task.get("containers", []):
            found[container["name"]].append(container.get("imageDigest"))
    return found


def _compare(name: str, image: str, digests: list[str | None]) -> tuple[str, bool]:
    """Describe how a container's digests compare with the release, and whether that is a fault."""
    wanted = re.search(r"@(sha256:[0-9a-f]{64})$", image)
    if not digests:
        return f"no task has the container {name}", True
    if None in digests:
        return f"{digests.count(None)} of {len(digests)} tasks do not report the image digest of {name}", True
    if wanted:
        wrong = sum(digest != wanted.group(1) for digest in digests)
        if wrong:
            return f"{wrong} of {len(digests)} tasks run another image of {name} than {_brief(wanted.group(1))}", True
        return f"{name}: {len(digests)} with the released digest {_brief(wanted.group(1))}", False
    if len(set(digests)) > 1:
        return f"tasks run {len(set(digests))} different images of {name}", True
    tag = image.rpartition("/")[2].rpartition(":")[2]
    return f"{name}: {len(digests)} with digest {_brief(digests[0])}; the release names only the tag {tag}", False


def _task(task: Mapping[str, Any]) -> str:
    images = [f"{one['name']} {_brief(one.get('imageDigest'))}" for one in task.get("containers", [])]
    identifier = task["taskArn"].rpartition("/")[2]
    return "  ".join([identifier, task.get("availabilityZone", ""), short(task["taskDefinitionArn"]), *images])


def _brief(digest: str | None) -> str:
    """Shorten a digest."""
    return digest[:19] if digest else "without a digest"
