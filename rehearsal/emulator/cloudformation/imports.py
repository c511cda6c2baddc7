"""Types that CloudFormation imports into a stack and ministack does not: vaults, databases, groups, secrets."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator.internals import Provisioned, backup, changesets, handlers, provisioners, rds, secretsmanager


def register() -> None:
    """Let change sets of the type IMPORT adopt these types, by the identifier that their schemas name."""
    _importable("AWS::Backup::BackupVault", "BackupVaultName", lambda: backup._vaults, _vault)
    _importable("AWS::RDS::DBInstance", "DBInstanceIdentifier", lambda: rds._instances, _database)
    _importable("AWS::RDS::DBParameterGroup", "DBParameterGroupName", lambda: rds._param_groups, _parameter_group)
    _importable("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName", lambda: rds._subnet_groups, _subnet_group)
    _importable("AWS::SecretsManager::Secret", "Id", _secrets, lambda arn, _: {"Id": arn, "Arn": arn})


def _importable(
    resource_type: str, key: str, known: Callable[[], Any], attributes: Callable[[str, Any], dict[str, Any]]
) -> None:
    def problem(value: str) -> str | None:
        if value in known():
            return None
        return changesets._IMPORT_NOT_FOUND.format(type=resource_type, value=value)

    def adopt(identifier: dict[str, str]) -> Provisioned:
        name = identifier[key]
        return name, attributes(name, known()[name])

    changesets._IMPORT_LOOKUPS[resource_type] = ((key,), problem)
    handlers[resource_type]["import"] = adopt


def _vault(name: str, vault: Any) -> dict[str, Any]:
    return {"BackupVaultArn": vault["BackupVaultArn"], "BackupVaultName": name}


def _database(_name: str, instance: Any) -> dict[str, Any]:
    secret = instance.get("MasterUserSecret", {})
    managed = {"MasterUserSecret.SecretArn": secret["SecretArn"]} if secret else {}
    return {**provisioners._rds_db_instance_attrs(instance), **managed}


def _parameter_group(name: str, _group: Any) -> dict[str, Any]:
    return provisioners._rds_param_group_attrs(name)


def _subnet_group(_name: str, group: Any) -> dict[str, Any]:
    return {"DBSubnetGroupArn": group["DBSubnetGroupArn"]}


def _secrets() -> dict[str, Any]:
    return {secret["ARN"]: secret for secret in secretsmanager._secrets.values()}
