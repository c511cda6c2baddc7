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


def test_a_named_resource_is_known_by_its_name(account: Account) -> None:
    plan = resource("AWS::Backup::Framework", FrameworkName="mine", FrameworkControls=[])
    found = account.deploy(Plan=plan)
    assert account.attribute("Plan", "FrameworkArn") == found["Plan"]
    assert found["Plan"].startswith(f"arn:aws:backup:eu-west-1:{account.place.account}:")


def test_an_identifier_of_several_parts_is_joined(account: Account) -> None:
    found = account.deploy(Target=target())
    assert found["Target"].endswith("|dynamodb:table:ReadCapacityUnits|dynamodb")


def test_attributes_stay_over_updates(account: Account) -> None:
    account.deploy(Target=target())
    before = account.attribute("Target", "Id")
    account.deploy(Target=target(MaxCapacity=6))
    assert account.attribute("Target", "Id") == before


def test_replacements_are_those_of_the_schema(account: Account) -> None:
    account.deploy(Target=target())
    assert account.replacements(Target=target(MaxCapacity=6)) == {"Target": "False"}
    assert account.replacements(Target=target(ResourceId="table/two")) == {"Target": "True"}


def test_a_replaced_resource_has_another_identity_and_keeps_it(account: Account) -> None:
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


def test_what_is_recorded_only_is_told(account: Account) -> None:
    account.deploy(Target=target())
    with open_without_proxy(f"{account.cloud.endpoint}/_rehearsal/types", timeout_seconds=5) as answer:
        recorded = answer.read().decode()
    assert TYPE in recorded
    assert "AWS::EC2::VPC" not in recorded
