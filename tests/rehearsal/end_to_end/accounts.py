"""Reads the emulated accounts through AWS's APIs, to compare them before and after a failure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rehearsal.engine.cloud import Cloud, Place
from tests.upgrades import STATEFUL

PROBE = "RehearsalProbe"
"""Logical id of a parameter in every stack; its value is the release."""
MARKER_OBJECT = "marker"
"""Key of an object in every bucket."""


@dataclass(frozen=True)
class Stack:
    """One deployed stack."""

    status: str
    template: str
    physical_ids: dict[str, str]
    """By logical id."""
    release: str
    """The value of its probe in Systems Manager."""
    last_event: str
    """The id of the newest event: every operation adds one."""


@dataclass(frozen=True)
class StatefulResources:
    """Data and names of stateful resources, read from the services themselves."""

    databases: dict[str, Any]
    caches: dict[str, Any]
    objects: dict[str, Any]
    """The content of the marker object in each bucket."""
    secrets: dict[str, Any]
    keys: list[str]
    networks: list[str]
    load_balancers: list[str]
    distributions: list[str]


@dataclass(frozen=True)
class Account:
    """One environment's account."""

    stacks: dict[str, Stack]
    holdings: StatefulResources

    def releases(self) -> set[str]:
        """Return the releases of its stacks."""
        return {stack.release for stack in self.stacks.values()}

    def states(self) -> set[str]:
        """Return the states of its stacks."""
        return {stack.status for stack in self.stacks.values()}

    def as_left(self) -> tuple[object, ...]:
        """Return everything that a rollback must restore: not statuses and events."""
        stacks = {
            name: (stack.template, stack.physical_ids, stack.release) for name, stack in sorted(self.stacks.items())
        }
        return stacks, self.holdings

    def stateful(self) -> dict[str, str]:
        """Return the physical ids of all resources in the list of stateful logical ids."""
        return {
            f"{name}/{logical_id}": stack.physical_ids.get(logical_id, "is gone")
            for name, stack in self.stacks.items()
            for logical_id in STATEFUL[name.rpartition("-")[2]]
            if logical_id in json.loads(stack.template)["Resources"]
        }


def read(cloud: Cloud, place: Place) -> Account:
    """Read everything of one account and region."""
    return Account(dict(_stacks(cloud, place)), _holdings(cloud, place))


def put_marker_objects(cloud: Cloud, place: Place) -> None:
    """Put an object into every bucket of an environment."""
    s3 = cloud.in_account("s3", place)
    for bucket in _buckets(s3):
        s3.put_object(Bucket=bucket, Key=MARKER_OBJECT, Body=f"of {bucket}".encode())


def _stacks(cloud: Cloud, place: Place) -> Iterable[tuple[str, Stack]]:
    client, parameters = cloud.in_account("cloudformation", place), cloud.in_account("ssm", place)
    for found in client.describe_stacks()["Stacks"]:
        name = found["StackName"]
        if name == "CDKToolkit":
            continue
        resources = client.describe_stack_resources(StackName=name)["StackResources"]
        physical = {item["LogicalResourceId"]: item.get("PhysicalResourceId", "") for item in resources}
        body = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        yield (
            name,
            Stack(
                status=found["StackStatus"],
                template=body if isinstance(body, str) else json.dumps(body),
                physical_ids=physical,
                release=parameters.get_parameter(Name=physical[PROBE])["Parameter"]["Value"],
                last_event=client.describe_stack_events(StackName=name)["StackEvents"][0]["EventId"],
            ),
        )


def _holdings(cloud: Cloud, place: Place) -> StatefulResources:
    def ask(service: str) -> Any:
        return cloud.in_account(service, place)

    s3, secrets = ask("s3"), ask("secretsmanager")
    return StatefulResources(
        databases={
            item["DBInstanceIdentifier"]: (item["DbiResourceId"], item["BackupRetentionPeriod"])
            for item in ask("rds").describe_db_instances()["DBInstances"]
        },
        caches={
            item["ReplicationGroupId"]: (item["ARN"], item.get("SnapshotRetentionLimit"))
            for item in ask("elasticache").describe_replication_groups()["ReplicationGroups"]
        },
        objects={
            bucket: s3.get_object(Bucket=bucket, Key=MARKER_OBJECT)["Body"].read()
            if _has_marker_object(s3, bucket)
            else None
            for bucket in _buckets(s3)
        },
        secrets={
            item["ARN"]: secrets.get_secret_value(SecretId=item["ARN"]).get("SecretString")
            for item in secrets.list_secrets()["SecretList"]
        },
        keys=sorted(item["KeyId"] for item in ask("kms").list_keys()["Keys"]),
        networks=sorted(item["VpcId"] for item in ask("ec2").describe_vpcs()["Vpcs"]),
        load_balancers=sorted(item["DNSName"] for item in ask("elbv2").describe_load_balancers()["LoadBalancers"]),
        distributions=sorted(
            item["DomainName"] for item in ask("cloudfront").list_distributions()["DistributionList"].get("Items", [])
        ),
    )


def _buckets(s3: Any) -> list[str]:
    """Return the environment's own buckets, without the bootstrap's."""
    return sorted(item["Name"] for item in s3.list_buckets()["Buckets"] if not item["Name"].startswith("cdk-"))


def _has_marker_object(s3: Any, bucket: str) -> bool:
    return any(item["Key"] == MARKER_OBJECT for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []))
