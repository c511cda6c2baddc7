"""Types that are only recorded have the identifiers, attributes and replacements of their schemas."""

from typing import Any

from rehearsal.engine.cloud import open_without_proxy
from tests.rehearsal.emulator.conftest import Account, resource

TYPE = "AWS::ApplicationAutoScaling::ScalableTarget"


def target(**changes: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "ServiceNamespace": "dynamodb",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
        "ResourceId": "table/one",
        "MinCapacity": 1,
        "MaxCapacity": 2,
    }
    return resource(TYPE, **properties | changes)


def test_named_resource_is_identified_by_its_name(account: Account) -> None:
    plan = resource("AWS::Backup::Framework", FrameworkName="mine", FrameworkControls=[])
    found = account.deploy(Plan=plan)
    assert account.attribute("Plan", "FrameworkArn") == found["Plan"]
    assert found["Plan"].startswith(f"arn:aws:backup:eu-west-1:{account.place.account}:")


def test_compound_identifier(account: Account) -> None:
    found = account.deploy(Target=target())
    assert found["Target"].endswith("|dynamodb:table:ReadCapacityUnits|dynamodb")


def test_attributes_survive_updates(account: Account) -> None:
    account.deploy(Target=target())
    before = account.attribute("Target", "Id")
    account.deploy(Target=target(MaxCapacity=6))
    assert account.attribute("Target", "Id") == before


def test_create_only_properties_replace(account: Account) -> None:
    account.deploy(Target=target())
    assert account.replacements(Target=target(MaxCapacity=6)) == {"Target": "False"}
    assert account.replacements(Target=target(ResourceId="table/two")) == {"Target": "True"}


def test_replaced_resource_has_a_new_identity(account: Account) -> None:
    account.deploy(Target=target())
    first = account.attribute("Target", "Id")
    account.deploy(Target=target(ResourceId="table/two"))
    second = account.attribute("Target", "Id")
    assert second != first
    account.deploy(Target=target(ResourceId="table/two", MaxCapacity=6))
    assert account.attribute("Target", "Id") == second


def test_equal_names_in_two_accounts_are_two_resources(account: Account, other_account: Account) -> None:
    account.deploy(Target=target())
    other_account.deploy(Target=target())
    assert account.attribute("Target", "Id") != other_account.attribute("Target", "Id")


def test_recorded_only_types_are_reported(account: Account) -> None:
    account.deploy(Target=target())
    with open_without_proxy(f"{account.cloud.endpoint}/_rehearsal/types", timeout_seconds=5) as answer:
        recorded = answer.read().decode()
    assert TYPE in recorded
    assert "AWS::EC2::VPC" not in recorded
