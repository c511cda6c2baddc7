"""Who may use the keys: no IAM policy alone lets anybody decrypt."""

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.complete_list import assert_complete
from tests.unit.other_settings import Synthesized

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

USES = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:ListGrants",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
SOURCES = ("kms:ViaService", "aws:SourceArn", "aws:SourceAccount", "kms:EncryptionContext:aws:logs:arn")
"""Conditions that restrict a request to a service, or to our resources in it."""

THROUGH = {
    "application": {"secretsmanager"},
    "audit": {"s3"},
    "cache": {"dax", "elasticache", "secretsmanager"},
    "database": {"rds", "secretsmanager"},
    "firewall": set(),
    "monitoring": set(),
    "network": set(),
    "recovery": {"backup", "rds"},
    "recovery-copies": {"backup", "rds", "s3"},
    "storage": {"s3"},
}
"""The services through which principals of the account use each stack's key."""
THROUGH_OF_THE_PIPELINE = {
    "yawl-delivery": [{"codebuild", "s3", "sns"}, {"s3"}],
    "yawl-delivery-us-west-2": [{"s3"}],
}
"""The same for the pipeline's stacks; the first has the keys of the artifacts and the audit."""
ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="module")
def policies(assembly: "CloudAssembly") -> dict[str, list[list[dict[str, Any]]]]:
    """Read the statements of every key, by the name of its stack."""
    files = {stack.stack_name: Path(stack.template_full_path) for stack in assembly.stacks_recursively}
    return {name: keys for name, file in files.items() if (keys := policies_in(file))}


def policies_in(template: Path) -> list[list[dict[str, Any]]]:
    resources = json.loads(template.read_text())["Resources"].values()
    return [one["Properties"]["KeyPolicy"]["Statement"] for one in resources if one["Type"] == "AWS::KMS::Key"]


def statements(policies: dict[str, list[list[dict[str, Any]]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, keys in policies.items():
        for key in keys:
            yield from ((name, statement) for statement in key)


def allows(statement: dict[str, Any], action: str) -> bool:
    actions = statement["Action"]
    patterns = [actions] if isinstance(actions, str) else actions
    return statement["Effect"] == "Allow" and any(fnmatch(action, pattern) for pattern in patterns)


def conditions(statement: dict[str, Any]) -> set[str]:
    return {key for keys in statement.get("Condition", {}).values() for key in keys}


def services(statement: dict[str, Any]) -> set[str]:
    found = statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", [])
    return {service.split(".")[0] for service in ([found] if isinstance(found, str) else found)}


def names_a_role(statement: dict[str, Any]) -> bool:
    """Whether all principals are single roles: not the account, everybody, or a service."""
    principal = statement["Principal"]
    return isinstance(principal, dict) and principal.keys() == {"AWS"} and ":root" not in json.dumps(principal)


def test_every_stack_with_a_key_is_in_the_table(policies: dict[str, list[list[dict[str, Any]]]]) -> None:
    without = {"dev": {"recovery", "recovery-copies"}, "staging": {"recovery-copies"}, "prod": set()}
    known = {f"yawl-{name}-{part}" for name in ENVIRONMENTS for part in THROUGH.keys() - without[name]}
    listed = known | THROUGH_OF_THE_PIPELINE.keys()
    assert_complete(policies, listed, where="THROUGH or THROUGH_OF_THE_PIPELINE in tests/unit/stages/test_keys.py")


def test_keys_are_used_through_a_service_or_by_a_named_role(policies: dict[str, list[list[dict[str, Any]]]]) -> None:
    for name, statement in statements(policies):
        if any(allows(statement, action) for action in USES) and not names_a_role(statement):
            assert conditions(statement) & set(SOURCES), (name, statement)


def test_key_use_in_several_regions(app_elsewhere: Synthesized) -> None:
    elsewhere = {file.name: policies_in(file) for file in app_elsewhere.folder.rglob("*.template.json")}
    assert len(list(statements(elsewhere))) > 100
    test_keys_are_used_through_a_service_or_by_a_named_role(elsewhere)
    test_any_principal_statements_have_conditions(elsewhere)
    test_account_statement_appears_once(elsewhere)


def test_any_principal_statements_have_conditions(policies: dict[str, list[list[dict[str, Any]]]]) -> None:
    assert [name for name, statement in statements(policies) if "*" in json.dumps(statement["Principal"])] == []


def test_account_administers_every_key(policies: dict[str, list[list[dict[str, Any]]]]) -> None:
    for name, keys in policies.items():
        for key in keys:
            own = [
                statement
                for statement in key
                if json.dumps(statement["Principal"]).endswith(':root"}') and not conditions(statement)
            ]
            for action in ADMINISTRATION:
                assert any(allows(statement, action) for statement in own), (name, action)


def test_account_statement_appears_once(policies: dict[str, list[list[dict[str, Any]]]]) -> None:
    for name, statement in statements(policies):
        if ":root" in json.dumps(statement["Principal"]):
            assert statement.get("Sid") in ("AdministerByIamPolicies", "UseThroughServices", "GrantThroughServices"), (
                name
            )


def test_keys_are_used_through_the_services_of_their_purpose(policies: dict[str, list[list[dict[str, Any]]]]) -> None:
    for name, keys in policies.items():
        wanted = THROUGH_OF_THE_PIPELINE.get(name) or [THROUGH.get(name.split("-", 2)[2], set())]
        assert [set().union(*map(services, key)) for key in keys] == wanted, name


def test_only_services_that_need_grants_get_them(policies: dict[str, list[list[dict[str, Any]]]]) -> None:
    for name, statement in statements(policies):
        if allows(statement, "kms:CreateGrant"):
            assert services(statement) <= {"backup", "dax", "elasticache", "rds", "secretsmanager"}, name


def test_key_is_used_in_its_own_region(policies: dict[str, list[list[dict[str, Any]]]]) -> None:
    for name, statement in statements(policies):
        region = "us-west-2" if name in ("yawl-prod-recovery-copies", "yawl-delivery-us-west-2") else "us-east-1"
        through = statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", [])
        for service in [through] if isinstance(through, str) else through:
            assert service.endswith(f".{region}.amazonaws.com"), name
