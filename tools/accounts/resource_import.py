"""Imports the retained resources of an earlier environment into its new stack; the next deployment updates them.

The import states only the properties whose change would replace the resource. CloudFormation compares templates, not
resources, so the next deployment applies all others. Resources it depends on, such as its key, are imported with it.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cloud_assembly import Stack
from tools.accounts import deployed_stacks
from tools.accounts.accounts import Accounts
from tools.accounts.deployed_stacks import described
from tools.accounts.errors import OperationError
from tools.accounts.live_resources import RESOURCE_TYPES, Client, LiveResource

CHANGE_SET: Final = "recover"


class NotImportable(Exception):  # noqa: N818 - a state of an account, shown in the plan
    """A resource cannot be imported; the text says why."""


@dataclass(frozen=True)
class ImportedResource:
    """One resource to import."""

    logical_id: str
    found: LiveResource
    properties: Mapping[str, Any]
    """The properties that the import states."""

    @property
    def identifier(self) -> dict[str, str]:
        """The resource identifier of the import."""
        kind = RESOURCE_TYPES[self.found.kind]
        return {kind.import_key or kind.name_property: self.found.name}


def resources_to_import(
    logical_id: str,
    found: LiveResource,
    resources: Mapping[str, Mapping[str, Any]],
    *,
    client: Client,
    owner: Callable[[str], str | None],
) -> Iterator[ImportedResource]:
    """Yield the resource after those that must be imported with it; raises NotImportable.

    `resources` are those of the stack's template; `owner` returns the stack that has a physical id, or None.
    """
    properties = resources[logical_id].get("Properties", {})
    stated: dict[str, Any] = {}
    for name in RESOURCE_TYPES[found.kind].imported_with:
        if name not in properties:
            continue
        value = properties[name]
        referred = _referred(value, resources)
        if referred or "Fn::GetStackOutput" in json.dumps(value):
            live = found.built_on.get(name)
            if live is None and name in RESOURCE_TYPES[found.kind].imported_if_known:
                continue
            if live is None:
                raise NotImportable(f"{found} has no {name}, but its template does")
            if not referred:
                value = json.loads(live) if live.startswith("[") else live
            for other in referred:
                yield from _built_on(other, live, found, resources, client=client, owner=owner)
        stated[name] = value
    yield ImportedResource(logical_id, found, stated)


def _built_on(
    logical_id: str,
    live: str,
    found: LiveResource,
    resources: Mapping[str, Mapping[str, Any]],
    *,
    client: Client,
    owner: Callable[[str], str | None],
) -> Iterator[ImportedResource]:
    kind = RESOURCE_TYPES.get(resources[logical_id]["Type"])
    other = kind.find(client, live) if kind else None
    if other is None:
        raise NotImportable(f"{found} is built on {live}, which does not exist")
    if other.locked:
        raise NotImportable(f"{found} is built on {other}: {other.locked}. Cancel the key's deletion first")
    if (stack := owner(other.name)) is not None:
        raise NotImportable(f"{found} is built on {other}, which belongs to the stack {stack}")
    yield from resources_to_import(logical_id, other, resources, client=client, owner=owner)


def _referred(value: Any, resources: Mapping[str, Any]) -> set[str]:
    """Return the resources of the template that the value refers to."""
    if isinstance(value, list):
        return {name for item in value for name in _referred(item, resources)}
    if not isinstance(value, dict):
        return set()
    names = {value["Ref"]} if isinstance(value.get("Ref"), str) else set()
    if (attribute := value.get("Fn::GetAtt")) is not None:
        names.add(attribute[0] if isinstance(attribute, list) else attribute.partition(".")[0])
    nested = {name for item in value.values() for name in _referred(item, resources)}
    return {name for name in names if name in resources} | nested


def carry_out_import(accounts: Accounts, stack: Stack, imports: tuple[ImportedResource, ...]) -> None:
    """Import the resources into a new stack; raises OperationError if the import fails."""
    cloudformation = accounts.client("cloudformation", stack.aws_environment, role_arn=stack.deploy_role_arn)
    body = {
        "Resources": {
            one.logical_id: {"Type": one.found.kind, "DeletionPolicy": "Retain", "Properties": one.properties}
            for one in imports
        }
    }
    cloudformation.create_change_set(
        StackName=stack.name,
        ChangeSetName=CHANGE_SET,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(body),
        ResourcesToImport=[
            {"ResourceType": one.found.kind, "LogicalResourceId": one.logical_id, "ResourceIdentifier": one.identifier}
            for one in imports
        ],
        **({"RoleARN": stack.execution_role_arn} if stack.execution_role_arn else {}),
    )
    while True:
        made = cloudformation.describe_change_set(StackName=stack.name, ChangeSetName=CHANGE_SET)
        if not made["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
            break
        time.sleep(deployed_stacks.LOOK_SECONDS)
    if made["Status"] == "FAILED":
        raise OperationError(f"{stack.name}: the import failed: {made.get('StatusReason', 'no reason given')}")
    cloudformation.execute_change_set(StackName=stack.name, ChangeSetName=CHANGE_SET)
    while (now := described(accounts, stack)) is not None and now["StackStatus"].endswith("_IN_PROGRESS"):
        time.sleep(deployed_stacks.LOOK_SECONDS)
    if now is None or now["StackStatus"] != "IMPORT_COMPLETE":
        state = "missing" if now is None else now["StackStatus"]
        raise OperationError(f"{stack.name} is {state} after the import; see its events")
