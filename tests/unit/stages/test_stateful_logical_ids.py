"""Stateful resources keep their logical ids: CloudFormation replaces a resource whose id changes.

A construct that is renamed or moved gets another id. CloudFormation then makes a new, empty resource and deletes the
old one, or orphans it where it is retained.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from aws_cdk.assertions import Template

from tests.complete_list import assert_complete
from tests.environment_stacks import LEVELS_OF

Templates: TypeAlias = Callable[[str, str], Template]

LIST = Path(__file__).with_name("stateful_logical_ids.json")
KNOWN: dict[str, dict[str, str]] = json.loads(LIST.read_text())

WHAT_IS_LOST = {
    "AWS::Backup::BackupVault": "every backup in it",
    "AWS::CloudFront::Distribution": "the address users open",
    "AWS::EC2::EIP": "the address others know the environment by",
    "AWS::EC2::Subnet": "the network under everything in the environment",
    "AWS::EC2::VPC": "the network under everything in the environment",
    "AWS::ElastiCache::ReplicationGroup": "what the cache holds, and its address",
    "AWS::ElastiCache::SubnetGroup": "the cache in it",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "the address the distribution asks",
    "AWS::KMS::Key": "everything that is encrypted with it",
    "AWS::Logs::LogGroup": "the logs of the past",
    "AWS::RDS::DBInstance": "the database",
    "AWS::RDS::DBSubnetGroup": "the database in it",
    "AWS::S3::Bucket": "the objects in it",
    "AWS::SNS::Topic": "its confirmed subscriptions",
    "AWS::SecretsManager::Secret": "the secret, which others still hold",
}


def stateful(stack: Template) -> dict[str, str]:
    """Return the types of the stack's stateful resources by their logical ids."""
    found = stack.to_json()["Resources"]
    return {name: resource["Type"] for name, resource in sorted(found.items()) if resource["Type"] in WHAT_IS_LOST}


def test_every_stack_is_in_the_list(template: Templates) -> None:
    holding = {part for part in LEVELS_OF["prod"] if stateful(template("prod", part))}
    assert_complete(holding, KNOWN, where="tests/unit/stages/stateful_logical_ids.json, with their stateful resources")


@pytest.mark.parametrize("part", KNOWN)
def test_stateful_resources_keep_their_ids(template: Templates, part: str) -> None:
    found = stateful(template("prod", part))
    lost = "\n".join(
        f"  {name} ({kind}): {WHAT_IS_LOST[kind]}" for name, kind in KNOWN[part].items() if name not in found
    )
    assert not lost, (
        f"yawl-*-{part} no longer has these logical ids. A deployment deletes or orphans what is deployed under them, "
        f"and with it is lost:\n{lost}\n"
        "Give the construct its former id and place. Only when the loss is meant, and the data is safe elsewhere, "
        f"take the id out of {LIST.name}."
    )
    new = "\n".join(f"  {name} ({kind})" for name, kind in found.items() if name not in KNOWN[part])
    assert not new, f"yawl-*-{part} has new stateful resources; add them to {LIST.name}, to be kept from now on:\n{new}"


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        (environment, part)
        for environment, without in {"dev": {"recovery", "recovery-copies"}, "staging": {"recovery-copies"}}.items()
        for part in KNOWN
        if part not in without
    ],
)
def test_environments_have_equal_ids(template: Templates, environment: str, part: str) -> None:
    found = stateful(template(environment, part))
    assert found.items() <= KNOWN[part].items()
