"""CodeBuild: projects' names and log groups as AWS has them, and the builds that the rehearsal has run."""

from typing import Any

from rehearsal.emulator.internals import Properties, Provisioned, codebuild, handlers
from rehearsal.emulator.permissions.service_calls.names import generated_name

PROJECT = "AWS::CodeBuild::Project"


def register() -> None:
    """Name projects as CloudFormation does, and keep their log groups, which ministack forgets."""
    create_above, update_above = handlers[PROJECT]["create"], handlers[PROJECT]["update"]
    shape_above = codebuild._project_shape

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        # ministack's own name begins with the stack's, which policies on `project/LogicalId*` do not match.
        given = {"Name": generated_name(PROJECT, logical_id, stack_name), **properties}
        name, attributes = create_above(logical_id, given, stack_name)
        _keep_logs(name, properties)
        return name, attributes

    def update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
        name, attributes = update_above(physical_id, old, new, stack_name)
        _keep_logs(name, new)
        return name, attributes

    def shape(project: dict[str, Any]) -> dict[str, Any]:
        return {**shape_above(project), "logsConfig": project.get("logsConfig", {})}

    handlers[PROJECT] |= {"create": create, "update": update}
    codebuild._project_shape = shape


def keep(identity: str, *, state: str, log: dict[str, str]) -> None:
    """Let CodeBuild know of a build; `log` has its group and stream."""
    codebuild._builds[identity] = {
        "id": identity,
        "arn": codebuild._build_arn(identity),
        "projectName": identity.partition(":")[0],
        "buildStatus": state,
        "buildComplete": True,
        "currentPhase": "COMPLETED",
        "logs": log,
    }


def _keep_logs(name: str, properties: Properties) -> None:
    logs = properties.get("LogsConfig", {}).get("CloudWatchLogs", {})
    if "GroupName" in logs:
        codebuild._projects[name]["logsConfig"] = {
            "cloudWatchLogs": {"status": logs.get("Status", "ENABLED"), "groupName": logs["GroupName"]}
        }
