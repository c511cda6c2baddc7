"""Roles that a call passes to a service: the caller needs iam:PassRole for each.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; the parameters are those that the
Service Authorization Reference lists with `iam:PassRole` as a dependent action. CloudFormation's is in its own file.
"""

from collections.abc import Mapping
from dataclasses import replace

from rehearsal.emulator.permissions.corrections import ApiCall, Further, Target

_BACKUP = (("IamRoleArn",), "backup.amazonaws.com")
_BUILD = (("serviceRole",), "codebuild.amazonaws.com")
_FUNCTION = (("Role",), "lambda.amazonaws.com")
_MONITORING = (("MonitoringRoleArn",), "monitoring.rds.amazonaws.com")

PASSED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "backup:StartBackupJob": _BACKUP,
    "backup:StartCopyJob": _BACKUP,
    "backup:StartRestoreJob": _BACKUP,
    "codebuild:CreateProject": _BUILD,
    "codebuild:UpdateProject": _BUILD,
    "ecs:RegisterTaskDefinition": (("executionRoleArn", "taskRoleArn"), "ecs-tasks.amazonaws.com"),
    "lambda:CreateFunction": _FUNCTION,
    "lambda:UpdateFunctionConfiguration": _FUNCTION,
    "rds:CreateDBInstance": _MONITORING,
    "rds:ModifyDBInstance": _MONITORING,
}
"""By action: the parameters that name roles, and the service that receives them."""


def complete(call: ApiCall, target: Target) -> Target:
    """Check iam:PassRole for the call's roles too."""
    names, service = PASSED[call.action]
    roles = [role for name in names if (role := call.text(name))]
    passes = (Further("iam:PassRole", _arn(role, call.account), {"iam:passedtoservice": service}) for role in roles)
    return replace(target, further=(*target.further, *passes))


def _arn(role: str, account: str) -> str:
    # ECS and CodeBuild take a role's name as well as its ARN.
    return role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role}"
