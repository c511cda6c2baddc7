"""What outlives its stack, and its own replacement: everything that holds data where `retain_data` is on."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.unit.deployed_stacks import Stack, stacks
from tests.unit.other_settings import Synthesized

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

DATA: Final = (
    "AWS::Backup::BackupVault",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
)
"""Types that hold data, or without which the data could not be read."""
RETAINED, DELETED = ("RetainExceptOnCreate", "Retain"), ("Delete", "Delete")
"""On deletion, except after a failed creation, and on replacement."""
TEMPORARY: Final = ("CheckObjectLog", "DriftCheckLog", "TopicsKey")
"""Logs that the next run writes again, and the key of messages that are deleted after their delivery."""


def expected(stack: Stack, logical_id: str, kind: str) -> tuple[str, str]:
    # The audit belongs to the account, not to the environment that deploys it.
    of_account = stack.name.endswith("-audit") and kind != "AWS::Logs::LogGroup"
    if stack.environment in ("prod", "delivery") or of_account:
        return DELETED if logical_id.startswith(TEMPORARY) else RETAINED
    return DELETED


def test_data_is_retained_where_set_and_nowhere_else(assembly: "CloudAssembly") -> None:
    wrong: list[str] = []
    resources = 0
    for stack in stacks(Synthesized(Path(assembly.directory))):
        for logical_id, one in stack.resources.items():
            if one["Type"] in DATA:
                resources += 1
                found = (one.get("DeletionPolicy"), one.get("UpdateReplacePolicy"))
                if found != expected(stack, logical_id, one["Type"]):
                    wrong.append(f"{stack.name} {logical_id} ({one['Type']}): {found}")
    assert resources > 80
    assert wrong == []
