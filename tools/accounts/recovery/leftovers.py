"""Plans what happens to existing resources whose names the synthesized stack needs."""

from dataclasses import replace
from functools import partial
from typing import Any

from tools.accounts.accounts import Accounts
from tools.accounts.deployed_stacks import outlives
from tools.accounts.live_resources import RESOURCE_TYPES, LiveResource, in_order
from tools.accounts.recovery.clients import owner, reader
from tools.accounts.recovery.part import Part
from tools.accounts.resource_import import ImportedResource, NotImportable, resources_to_import


def with_leftovers(accounts: Accounts, part: Part) -> Part:
    """Add to the plan the resources whose names the synthesized stack needs."""
    gone = {found.name for found in (*part.deleted, *part.deleted_later)}
    stack, resources = part.stack, part.stack.resources
    read, owner_of = reader(accounts, stack), partial(owner, accounts, stack)
    deleted, blocked = list(part.deleted_later), list(part.blocked)
    imported: dict[str, ImportedResource] = {}
    for logical_id, resource in resources.items():
        kind = RESOURCE_TYPES.get(resource["Type"])
        name = resource.get("Properties", {}).get(kind.name_property) if kind and kind.name_property else None
        found = kind.find(read, name) if kind and isinstance(name, str) else None
        if kind is None or found is None or found.name in gone:
            continue
        holder = owner_of(found.name)
        if holder not in (None, stack.name):
            blocked.append(f"{found} belongs to the stack {holder}")
        elif found.kind == "AWS::IAM::Role" and not _is_ours(found, resource):
            blocked.append(f"{found} was not created by an environment of this name; delete it, or rename it")
        elif found.holds and outlives(resource):
            try:
                imports = list(resources_to_import(logical_id, found, resources, client=read, owner=owner_of))
            except NotImportable as reason:
                blocked.append(str(reason))
            else:
                imported.update({one.logical_id: one for one in imports})
        elif holder == stack.name and not outlives(resource):
            continue
        elif found.holds and found.kind != "AWS::Logs::LogGroup":
            blocked.append(f"{found}: it has data that the new stack would not retain; delete it, or set retain_data")
        elif found.protected or found.locked:
            blocked.append(
                f"{found}: {found.locked or 'deletion protection is enabled; disable it if it can be deleted'}"
            )
        else:
            deleted.append(found)
    return replace(
        part,
        deleted_later=tuple(in_order(deleted)),
        # All or nothing: CloudFormation imports only into a new stack, or one with all other resources.
        imported=() if blocked else tuple(imported.values()),
        blocked=tuple(blocked),
    )


def _is_ours(found: LiveResource, resource: Any) -> bool:
    tags = {item["Key"]: item["Value"] for item in resource.get("Properties", {}).get("Tags", [])}
    return "Environment" in tags and found.tags.get("Environment") == tags["Environment"]
