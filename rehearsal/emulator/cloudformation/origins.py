"""The constructs of deployed resources."""

from rehearsal.emulator.internals import cloudformation
from rehearsal.gaps import resource_label


def label(account: str, region: str, resource_type: str, physical_id: str) -> str:
    """Return what gaps call a deployed resource: by its construct, or by its name if no stack created it."""
    for (owner, place, _), stack in list(cloudformation._stacks._data.items()):
        if (owner, place) != (account, region):
            continue
        for logical_id, resource in list((stack.get("_resources") or {}).items()):
            if resource.get("ResourceType") == resource_type and resource.get("PhysicalResourceId") == physical_id:
                template = (stack.get("_template") or {}).get("Resources", {})
                return resource_label(template.get(logical_id, {}), logical_id, stack.get("StackName", ""))
    return physical_id.rpartition("/")[2] or physical_id
