"""CodeBuild: names, log groups and batches of projects as at AWS, and the builds that the rehearsal has run."""

from typing import Any

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, codebuild
from rehearsal.emulator.permissions.service_calls.names import generated_name

ADDED = ("logsConfig", "buildBatchConfig", "vpcConfig", "fileSystemLocations")
"""Members of a project that ministack does not return."""


class Project(providers.Details):
    """Projects with generated names as in CloudFormation, and what ministack drops: log groups and batches."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        # ministack's own name begins with the stack's, which policies on `project/LogicalId*` do not match.
        generated = {"Name": generated_name(self.resource_type, logical_id, stack_name)}
        return super().create(logical_id, {**generated, **properties}, stack_name)


def register() -> None:
    """Extend projects, and return what was added."""
    providers.register(Project("AWS::CodeBuild::Project", _store_details))
    original_shape = codebuild._project_shape

    def shape(project: dict[str, Any]) -> dict[str, Any]:
        return {**original_shape(project), **{name: project[name] for name in ADDED if project.get(name)}}

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


def _spelled(value: Any) -> Any:
    """Spell the names of a template's properties as the API does."""
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {f"{name[0].lower()}{name[1:]}": _spelled(item) for name, item in value.items()}


def _store_details(name: str, properties: Properties) -> None:
    project = codebuild._projects[name]
    project.pop("buildBatchConfig", None)
    if batch := properties.get("BuildBatchConfig"):
        restrictions = batch.get("Restrictions", {})
        project["buildBatchConfig"] = {
            "serviceRole": batch.get("ServiceRole", ""),
            "combineArtifacts": batch.get("CombineArtifacts", False) in (True, "true"),
            "restrictions": {
                name[0].lower() + name[1:]: int(value) if name == "MaximumBuildsAllowed" else value
                for name, value in restrictions.items()
            },
        }
    # Builds do not have them, which the rehearsal reports.
    lacking = {key: properties[key] for key in ("VpcConfig", "FileSystemLocations") if properties.get(key)}
    project |= {"vpcConfig": None, "fileSystemLocations": None, **_spelled(lacking)}
    logs = properties.get("LogsConfig", {}).get("CloudWatchLogs", {})
    if "GroupName" in logs:
        project["logsConfig"] = {
            "cloudWatchLogs": {"status": logs.get("Status", "ENABLED"), "groupName": logs["GroupName"]}
        }
