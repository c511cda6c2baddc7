"""Managed secrets: what ministack's CloudFormation does not yet do for passwords AWS keeps itself."""

import json
from uuid import uuid4

from rehearsal.emulator.internals import Properties, Provisioned, handlers, rds, secretsmanager


def register() -> None:
    """Give a database instance its managed master secret, and secrets their rotation schedule."""
    instance = dict(handlers["AWS::RDS::DBInstance"])
    create, update, delete = instance["create"], instance["update"], instance["delete"]

    def with_secret(provisioned: Provisioned, properties: Properties) -> Provisioned:
        physical_id, attributes = provisioned
        record = rds._instances.get(physical_id)
        if record is None or not properties.get("ManageMasterUserPassword"):
            return provisioned
        if "MasterUserSecret" not in record:
            arn = _create_master_secret(physical_id, properties)
            record["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active"}
        return physical_id, {**attributes, "MasterUserSecret.SecretArn": record["MasterUserSecret"]["SecretArn"]}

    def create_with_secret(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        return with_secret(create(logical_id, properties, stack_name), properties)

    def update_with_secret(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        return with_secret(update(physical_id, old, new, stack_name, logical_id), new)

    def delete_with_secret(physical_id: str, properties: Properties) -> None:
        delete(physical_id, properties)
        for name in [name for name in secretsmanager._secrets if name.startswith(f"rds!{physical_id}-")]:
            secretsmanager._secrets.pop(name)

    handlers["AWS::RDS::DBInstance"] = {
        **instance,
        "create": create_with_secret,
        "update": update_with_secret,
        "delete": delete_with_secret,
    }
    handlers["AWS::SecretsManager::RotationSchedule"] = {
        "create": _create_schedule,
        "update": _update_schedule,
        "delete": _delete_schedule,
    }


def _create_master_secret(instance: str, properties: Properties) -> str:
    status, _, body = secretsmanager._create_secret(
        {
            "Name": f"rds!{instance}-{uuid4().hex[:8]}",
            "SecretString": json.dumps({"username": properties["MasterUsername"], "password": str(uuid4())}),
        }
    )
    answer = json.loads(body)
    if status >= 400:
        raise ValueError(answer.get("message", "the master secret could not be created"))
    return answer["ARN"]


def _secret(identifier: str) -> Properties:
    for secret in secretsmanager._secrets.values():
        if identifier in (secret["ARN"], secret["Name"]):
            return secret
    raise ValueError(f"Secrets Manager can't find the secret {identifier}")


def _create_schedule(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    secret = _secret(properties["SecretId"])
    secret["RotationEnabled"] = True
    secret["RotationRules"] = properties.get("RotationRules", {})
    return secret["ARN"], {}


def _update_schedule(_physical_id: str, _old: Properties, new: Properties, stack_name: str) -> Provisioned:
    return _create_schedule("", new, stack_name)


def _delete_schedule(arn: str, _properties: Properties) -> None:
    for secret in secretsmanager._secrets.values():
        if secret["ARN"] == arn:
            secret["RotationEnabled"] = False
