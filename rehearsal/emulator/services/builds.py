"""CodeBuild: the log groups of projects, which ministack drops, and the builds that the rehearsal has run."""

from typing import Any

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, codebuild


def register() -> None:
    """Store and return the log group of a project's builds."""
    providers.register(providers.Details("AWS::CodeBuild::Project", _store_log_group))
    shape_above = codebuild._project_shape

    def shape(project: dict[str, Any]) -> dict[str, Any]:
        return {**shape_above(project), "logsConfig": project.get("logsConfig", {})}

    codebuild._project_shape = shape


def keep(identity: str, *, state: str, log: dict[str, str]) -> None:
    """Record a finished build; `log` has its group and stream."""
    codebuild._builds[identity] = {
        "id": identity,
        "arn": codebuild._build_arn(identity),
        "projectName": identity.partition(":")[0],
        "buildStatus": state,
        "buildComplete": True,
        "currentPhase": "COMPLETED",
        "logs": log,
    }


def _store_log_group(name: str, properties: Properties) -> None:
    logs = properties.get("LogsConfig", {}).get("CloudWatchLogs", {})
    if "GroupName" in logs:
        codebuild._projects[name]["logsConfig"] = {
            "cloudWatchLogs": {"status": logs.get("Status", "ENABLED"), "groupName": logs["GroupName"]}
        }
