"""Database instances, and the groups that they need."""

import json
import time
from typing import Final

from botocore.exceptions import ClientError

from tools.accounts.live_resources.resource import Client, LiveResource, ResourceType, absent

LOOK_SECONDS = 5.0
"""Seconds between two polls of a database that is being changed or deleted."""


def _find_database(client: Client, name: str) -> LiveResource | None:
    try:
        [found] = client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except ClientError as error:
        if absent(error, "DBInstanceNotFound", "DBInstanceNotFoundFault"):
            return None
        raise
    parameters = [group["DBParameterGroupName"] for group in found.get("DBParameterGroups", [])]
    built_on = {
        "KmsKeyId": found.get("KmsKeyId"),
        "PerformanceInsightsKMSKeyId": found.get("PerformanceInsightsKMSKeyId"),
        "DBSubnetGroupName": found.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "DBParameterGroupName": parameters[0] if parameters else None,
    }
    return LiveResource(
        kind="AWS::RDS::DBInstance",
        name=found["DBInstanceIdentifier"],
        holds=f"a database of {found.get('AllocatedStorage', '?')} GiB, with its automated backups",
        protected=bool(found.get("DeletionProtection")),
        created=found.get("InstanceCreateTime"),
        built_on={key: value for key, value in built_on.items() if value},
    )


def _unprotect_database(client: Client, found: LiveResource) -> None:
    rds = client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=found.name, DeletionProtection=False, ApplyImmediately=True)
    while (now := _find_database(client, found.name)) is not None and now.protected:
        time.sleep(LOOK_SECONDS)


def _remove_database(client: Client, found: LiveResource) -> None:
    client("rds").delete_db_instance(
        DBInstanceIdentifier=found.name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
    )
    while _find_database(client, found.name) is not None:
        time.sleep(LOOK_SECONDS)


def _find_subnet_group(client: Client, name: str) -> LiveResource | None:
    try:
        [found] = client("rds").describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    except ClientError as error:
        if absent(error, "DBSubnetGroupNotFoundFault"):
            return None
        raise
    subnets = [subnet["SubnetIdentifier"] for subnet in found.get("Subnets", [])]
    return LiveResource(kind="AWS::RDS::DBSubnetGroup", name=name, built_on={"SubnetIds": json.dumps(subnets)})


def _remove_subnet_group(client: Client, found: LiveResource) -> None:
    client("rds").delete_db_subnet_group(DBSubnetGroupName=found.name)


def _find_parameter_group(client: Client, name: str) -> LiveResource | None:
    try:
        client("rds").describe_db_parameter_groups(DBParameterGroupName=name)
    except ClientError as error:
        if absent(error, "DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"):
            return None
        raise
    return LiveResource(kind="AWS::RDS::DBParameterGroup", name=name)


def _remove_parameter_group(client: Client, found: LiveResource) -> None:
    client("rds").delete_db_parameter_group(DBParameterGroupName=found.name)


INSTANCE: Final = ResourceType(
    "DBInstanceIdentifier",
    _find_database,
    _remove_database,
    unprotect=_unprotect_database,
    blocks=True,
    imported_with=(
        "DBInstanceIdentifier",
        "DBName",
        "DBParameterGroupName",
        "DBSubnetGroupName",
        "Engine",
        "KmsKeyId",
        "MasterUsername",
        "PerformanceInsightsKMSKeyId",
        "StorageEncrypted",
    ),
    imported_if_known=frozenset({"DBParameterGroupName", "PerformanceInsightsKMSKeyId"}),
)
SUBNET_GROUP: Final = ResourceType(
    "DBSubnetGroupName",
    _find_subnet_group,
    _remove_subnet_group,
    imported_with=("DBSubnetGroupDescription", "DBSubnetGroupName", "SubnetIds"),
)
PARAMETER_GROUP: Final = ResourceType(
    "DBParameterGroupName",
    _find_parameter_group,
    _remove_parameter_group,
    imported_with=("DBParameterGroupName", "Description", "Family"),
)
