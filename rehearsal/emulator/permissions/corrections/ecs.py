"""ECS: services, tasks and the `ecs:cluster` key (Service Authorization Reference, Amazon ECS).

ministack uses the cluster as the resource of every call that names one.
"""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on


def correct(call: ApiCall) -> Target | None:
    """Name services and tasks, and the cluster as a condition key."""
    cluster = _arn(call, "cluster", call.text("cluster") or "default")
    name = cluster.rpartition("/")[2]
    match call.action:
        case "ecs:DescribeServices":
            found = [_arn(call, f"service/{name}", service) for service in call.list("services")]
        case "ecs:UpdateService" | "ecs:DeleteService":
            found = [_arn(call, f"service/{name}", call.text("service"))]
        case "ecs:CreateService":
            found = [_arn(call, f"service/{name}", call.text("serviceName"))]
        case "ecs:DescribeTasks":
            found = [_arn(call, f"task/{name}", task) for task in call.list("tasks")]
        case "ecs:StopTask":
            found = [_arn(call, f"task/{name}", call.text("task"))]
        case "ecs:ListTasks" | "ecs:ListServices":
            found = ["*"]
        case "ecs:DescribeClusters":
            return on([_arn(call, "cluster", item) for item in call.list("clusters")])
        case "ecs:RunTask":
            found = [_arn(call, "task-definition", call.text("taskDefinition"))]
        case _:
            return None
    return on(found, ecs__cluster=cluster)


def _arn(call: ApiCall, kind: str, name: str) -> str:
    return name if name.startswith("arn:") else call.arn("ecs", f"{kind}/{name}")
