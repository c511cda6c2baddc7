"""CodeBuild: names and log groups of projects as at AWS, and the builds that the rehearsal has run."""

from typing import Any

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, codebuild
from rehearsal.emulator.permissions.service_calls.names import generated_name


class Project(providers.Details):
    """Projects with generated names as in CloudFormation, and their builds' log groups, which ministack drops."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        # ministack's own name begins with the stack's, which policies on `project/LogicalId*` do not match.
        generated = {"Name": generated_name(self.resource_type, logical_id, stack_name)}
        return super().create(logical_id, {**generated, **properties}, stack_name)


def register() -> None:
    """Extend projects, and return their log groups."""
    providers.register(Project("AWS::CodeBuild::Project", _store_log_group))
    original_shape = codebuild._project_shape

    def shape(project: dict[str, Any]) -> dict[str, Any]:
        return {**original_shape(project), "logsConfig": project.get("logsConfig", {})}

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
