"""Secrets Manager: secrets of stacks, rotation schedules, and the master secrets that RDS manages."""

import json
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, provisioners, rds, secretsmanager


def register() -> None:
    """Complete secrets, their rotation schedules, and the managed master secrets of database instances."""
    provisioners._sm_secret_string = _value
    _show_master_secrets()
    _manage_master_passwords()
    providers.register(
        Instance("AWS::RDS::DBInstance"),
        Secret("AWS::SecretsManager::Secret"),
        RotationSchedule("AWS::SecretsManager::RotationSchedule"),
    )


class Instance(providers.Extension):
    """Database instances with their managed master secret."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        return self._with_secret(super().create(logical_id, properties, stack_name), properties)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        return self._with_secret(super().update(physical_id, old, new, stack_name, logical_id), new)

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: Any) -> None:
        super().delete(physical_id, properties, *rest)
        for name in [name for name in secretsmanager._secrets if name.startswith(f"rds!{physical_id}-")]:
            secretsmanager._secrets.pop(name)

    def _with_secret(self, provisioned: Provisioned, properties: Properties) -> Provisioned:
        physical_id, attributes = provisioned
        record = rds._instances.get(physical_id)
        if record is None or not properties.get("ManageMasterUserPassword"):
            return provisioned
        if "MasterUserSecret" not in record:
            arn = _create_master_secret(physical_id, properties)
            record["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active"}
        return physical_id, {**attributes, "MasterUserSecret.SecretArn": record["MasterUserSecret"]["SecretArn"]}


def _show_master_secrets() -> None:
    """Let DescribeDBInstances return the secret, as it does for clusters."""
    original_xml = rds._instance_xml

    def instance_xml(record: Properties) -> str:
        secret = record.get("MasterUserSecret")
        members = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in (secret or {}).items())
        return original_xml(record) + (f"<MasterUserSecret>{members}</MasterUserSecret>" if secret else "")

    rds._instance_xml = instance_xml


def _manage_master_passwords() -> None:
    """Let ModifyDBInstance rotate an instance's managed password, or begin to manage it."""
    original = rds._ACTION_MAP["ModifyDBInstance"]

    def modify(request: Properties) -> Any:
        answer = original(request)
        record = rds._instances.get(rds._p(request, "DBInstanceIdentifier"))
        if answer[0] >= 400 or record is None:
            return answer
        if rds._p(request, "ManageMasterUserPassword") == "true" and "MasterUserSecret" not in record:
            arn = _create_master_secret(record["DBInstanceIdentifier"], record)
            record["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active"}
        if rds._p(request, "RotateMasterUserPassword") == "true" and "MasterUserSecret" in record:
            value = json.dumps({"username": record["MasterUsername"], "password": str(uuid4())})
            secretsmanager._put_secret_value(
                {"SecretId": record["MasterUserSecret"]["SecretArn"], "SecretString": value}
            )
        return answer

    rds._ACTION_MAP["ModifyDBInstance"] = modify


class Secret(providers.Extension):
    """Secrets that are referenced by ARN, as at AWS, and not by name."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        _, attributes = super().create(logical_id, properties, stack_name)
        return attributes["Arn"], attributes

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        _, attributes = super().update(_secret(physical_id)["Name"], old, new, stack_name, logical_id)
        return attributes["Arn"], attributes

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: Any) -> None:
        if any(secret["ARN"] == physical_id for secret in secretsmanager._secrets.values()):
            super().delete(_secret(physical_id)["Name"], properties, *rest)


def _value(properties: Properties) -> str:
    """Return the value a template declares, or one generated as it says."""
    rules = properties.get("GenerateSecretString")
    if properties.get("SecretString") or not rules:
        return properties.get("SecretString", "")
    status, _, body = secretsmanager._get_random_password(rules)
    answer = json.loads(body)
    if status >= 400:
        raise ValueError(answer.get("message", "Secrets Manager could not generate a value"))
    if "SecretStringTemplate" not in rules:
        return answer["RandomPassword"]
    return json.dumps(
        json.loads(rules["SecretStringTemplate"]) | {rules["GenerateStringKey"]: answer["RandomPassword"]}
    )


def _create_master_secret(instance: str, properties: Properties) -> str:
    status, _, body = secretsmanager._create_secret(
        {
            "Name": f"rds!{instance}-{uuid4().hex[:8]}",
            "SecretString": json.dumps({"username": properties["MasterUsername"], "password": str(uuid4())}),
        }
    )
    answer = json.loads(body)
    if status >= 400:
        raise ValueError(answer.get("message", "Secrets Manager could not create the master secret"))
    return answer["ARN"]


def _secret(identifier: str) -> Properties:
    for secret in secretsmanager._secrets.values():
        if identifier in (secret["ARN"], secret["Name"]):
            return secret
    raise ValueError(f"Secrets Manager can't find the secret {identifier}")


class RotationSchedule(providers.ResourceProvider):
    """Rotation schedules: recorded in their secret, never run."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        secret = _secret(properties["SecretId"])
        secret["RotationEnabled"] = True
        secret["RotationRules"] = properties.get("RotationRules", {})
        return secret["ARN"], {}

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        for secret in secretsmanager._secrets.values():
            if secret["ARN"] == physical_id:
                secret["RotationEnabled"] = False
