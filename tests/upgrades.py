"""Upgrades drawn at random: one change of one stack each, and what that does to what is stateful, by the schemas.

The schemas are CloudFormation's, as cfn-lint brings them. The guard in the pipeline, `change_review`, asks another
source, the library inside `cdk diff`: where the two agree, neither is believed alone. Which resources are stateful is
read from the list of their logical ids that the project keeps, not from the guard's own.

Left out are changes on which the schemas are silent, of properties that replace their resource on some conditions only;
two on which they differ from the documentation (`DISPUTED`); and changes of permissions, which the guard stops for
reasons of their own and other tests are about.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.provider_schemas import schema_of

Template = dict[str, Any]

STATEFUL: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "unit" / "stages" / "stateful_logical_ids.json").read_text()
)
GUARDED = (
    "AWS::CloudFront::Distribution",
    "AWS::EC2::EIP",
    "AWS::EC2::VPC",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
)
"""Of the stateful resources, those whose loss must stop a release: what holds data, keys, or an address others know."""
ABOUT_PERMISSIONS = (
    "AWS::EC2::SecurityGroup",
    "AWS::IAM::",
    "AWS::Lambda::",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "Custom::",
)
"""Beginnings of types that say who may do what, or that run code which may."""
PERMISSION_PROPERTIES = ("KeyPolicy", "ExecutionRoleArn", "TaskRoleArn", "Policy", "PolicyDocument", "ServiceToken")


DISPUTED = {("AWS::RDS::DBInstance", "Port"), ("AWS::ElastiCache::ReplicationGroup", "Engine")}
"""The schemas let these be changed; the template reference says "Replacement", and the guard takes no chance."""


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """A change of one stack."""

    part: str
    title: str
    """What is changed, in words."""
    template: Template
    """The stack's template with the change in it."""
    loses: tuple[str, ...]
    """Logical ids of the stateful resources that would be replaced, deleted, or left behind."""


class NotKnown(Exception):  # noqa: N818 - a state of the change, not an error in it
    """The schemas do not say whether the change replaces anything."""


def draw(parts: dict[str, Template], *, seed: int, losing: int, keeping: int) -> list[Upgrade]:
    """Draw so many upgrades that lose something stateful and so many that do not, from the templates of an environment.

    Those that lose are rare among all there are, so that the two kinds are drawn apart; their order is drawn as well.
    """
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    upgrades = [upgrade for part in sorted(parts) for upgrade in every_upgrade(part, parts[part])]
    chance.shuffle(upgrades)
    lost = [upgrade for upgrade in upgrades if upgrade.loses][:losing]
    kept = [upgrade for upgrade in upgrades if not upgrade.loses][:keeping]
    drawn = [*lost, *kept]
    chance.shuffle(drawn)
    return drawn


def every_upgrade(part: str, template: Template) -> Iterator[Upgrade]:
    """Yield every change of one resource: each property, its removal, another logical id; and additions."""
    permissions = [
        resource
        for resource in template["Resources"].values()
        if resource["Type"].startswith(ABOUT_PERMISSIONS) or _mentions_permissions(resource)
    ]
    for logical_id, resource in template["Resources"].items():
        if resource["Type"].startswith(ABOUT_PERMISSIONS):
            continue
        for name, value in resource.get("Properties", {}).items():
            if name not in PERMISSION_PROPERTIES and not _mentions_permissions(value):
                properties = {**resource["Properties"], name: _another(value)}
                changed = _with(template, logical_id, {**resource, "Properties": properties})
                yield from _upgrade(part, f"{logical_id}: another {name}", template, changed)
        guarded = STATEFUL[part].get(logical_id) in GUARDED
        # Without a resource that some permission names, the permission would be another one.
        if guarded or not _refers(permissions, {logical_id}):
            yield from _upgrade(part, f"{logical_id}: removed", template, _without(template, logical_id))
            yield from _upgrade(part, f"{logical_id}: another logical id", template, _renamed(template, logical_id))
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "added"}}
    added = _with(template, "Added", parameter)
    yield from _upgrade(part, "a parameter: added", template, added)


def lost(part: str, before: Template, after: Template) -> tuple[str, ...]:
    """Return the stateful resources that would not outlive the change; raise NotKnown if the schemas are silent."""
    guarded = {logical_id for logical_id, kind in STATEFUL[part].items() if kind in GUARDED}
    old, new = before["Resources"], after["Resources"]
    gone = {logical_id for logical_id in old if logical_id not in new}
    replaced: set[str] = set()
    while more := {name for name in old.keys() & new.keys() - replaced if _is_replaced(old[name], new[name], replaced)}:
        replaced |= more
    return tuple(sorted((gone | replaced) & guarded))


def _upgrade(part: str, title: str, before: Template, after: Template) -> Iterator[Upgrade]:
    try:
        loses = lost(part, before, after)
    except NotKnown:
        return
    yield Upgrade(part=part, title=f"{part}: {title}", template=after, loses=loses)


def _is_replaced(old: dict[str, Any], new: dict[str, Any], replaced: set[str]) -> bool:
    """Tell whether a resource that stays in the template is made anew, where `replaced` others are."""
    if old["Type"] != new["Type"]:
        return True
    fixed, conditional = _fixed_properties(old["Type"])
    properties = old.get("Properties", {}), new.get("Properties", {})
    for name in {*properties[0], *properties[1]}:
        values = [found.get(name) for found in properties]
        if values[0] == values[1] and not _refers(values[1], replaced):
            continue
        if name in fixed:
            return True
        if name in conditional or (old["Type"], name) in DISPUTED:
            raise NotKnown
    return False


@cache
def _fixed_properties(resource_type: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the properties that only creation can set, and those for which that depends; nested ones count so."""
    schema = schema_of(resource_type)
    only, conditional = (
        [pointer.removeprefix("/properties/") for pointer in schema.get(key, [])]
        for key in ("createOnlyProperties", "conditionalCreateOnlyProperties")
    )
    nested = {name.split("/")[0] for name in [*only, *conditional] if "/" in name}
    return frozenset(name for name in only if "/" not in name), frozenset(conditional) | nested


def _refers(value: Any, names: set[str]) -> bool:
    if isinstance(value, dict):
        if value.get("Ref") in names or (value.get("Fn::GetAtt") or [None])[0] in names:
            return True
        return any(_refers(inner, names) for inner in value.values())
    return isinstance(value, list) and any(_refers(inner, names) for inner in value)


def _mentions_permissions(value: Any) -> bool:
    return "Statement" in json.dumps(value)


def _another(value: Any) -> Any:
    """Return another value of the same kind."""
    match value:
        case bool():
            other: Any = not value
        case int() | float():
            other = value + 1
        case str():
            other = str(int(value) + 1) if value.isdigit() else f"{value}-2"
        case [first, *rest]:
            other = [_another(first), *rest]
        case dict() if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
            other = {"Fn::Join": ["", [value, "-2"]]}
        case dict() if value:
            name = min(value)
            other = {**value, name: _another(value[name])}
        case _:
            other = ["another"]
    return other


def _with(template: Template, logical_id: str, resource: dict[str, Any]) -> Template:
    """Return the template with the resource in it, or with this one in its place; all else is shared with it."""
    return {**template, "Resources": {**template["Resources"], logical_id: resource}}


def _without(template: Template, logical_id: str) -> Template:
    """Return the template without the resource, and whatever referred to it with a name written out instead."""
    return _reworded(template, logical_id, None)


def _renamed(template: Template, logical_id: str) -> Template:
    return _reworded(template, logical_id, f"{logical_id}Anew")


def _reworded(template: Template, old: str, new: str | None) -> Template:
    def reworded(value: Any) -> Any:
        match value:
            case {"Ref": name} if name == old:
                return {"Ref": new} if new else "elsewhere"
            case {"Fn::GetAtt": [name, attribute]} if name == old:
                return {"Fn::GetAtt": [new, attribute]} if new else "elsewhere"
            case dict():
                return {key: reworded(inner) for key, inner in value.items()}
            case list():
                return [reworded(inner) for inner in value]
            case _:
                return value

    changed = reworded(template)
    resources = changed["Resources"]
    resource = resources.pop(old)
    if new:
        resources[new] = resource
    for other in resources.values():
        _rename_dependency(other, old, new)
    return changed


def _rename_dependency(resource: dict[str, Any], old: str, new: str | None) -> None:
    wanted = resource.get("DependsOn", [])
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    kept = [new if name == old else name for name in names if name != old or new]
    resource.pop("DependsOn", None)
    if kept:
        resource["DependsOn"] = kept
