"""EC2 resource types whose API ministack implements but its CloudFormation does not know."""

import re
from collections.abc import Callable
from typing import Any

from rehearsal.emulator.internals import Properties, Provisioned, ec2, handlers, provisioners

EVERYWHERE = provisioners._ec2_sg_egress_permissions([])[0]


def register() -> None:
    """Back the types by ministack's own EC2, so that describe calls answer for them."""
    handlers.update(
        {
            "AWS::EC2::EIP": {"create": _create_address, "update": _update_address, "delete": _release_address},
            "AWS::EC2::NatGateway": {
                "create": _create_nat_gateway,
                "update": _updater("NatGatewayId"),
                "delete": _deleter("DeleteNatGateway", "NatGatewayId"),
            },
            "AWS::EC2::FlowLog": {
                "create": _create_flow_log,
                "update": _updater("Id"),
                "delete": _deleter("DeleteFlowLogs", "FlowLogId.1"),
            },
            "AWS::EC2::SecurityGroupIngress": _rule_handlers("IpPermissions"),
            "AWS::EC2::SecurityGroupEgress": _rule_handlers("IpPermissionsEgress"),
        }
    )
    provisioners._REPLACING_PROPERTIES.update(
        {
            "AWS::EC2::EIP": ("Domain", "NetworkBorderGroup"),
            "AWS::EC2::NatGateway": ("SubnetId", "AllocationId", "ConnectivityType"),
            "AWS::EC2::FlowLog": ("ResourceId", "ResourceType", "TrafficType", "LogDestination", "LogGroupName"),
        }
    )


def _ec2(action: str, **parameters: str) -> str:
    """Call ministack's EC2 in the account and region of the stack operation under way; return the answer's XML."""
    status, _, body = ec2._ACTION_MAP[action]({name.replace("_", "."): [value] for name, value in parameters.items()})
    text = body.decode() if isinstance(body, bytes) else body
    if status >= 400:
        raise ValueError(_element(text, "Message"))
    return text


def _element(xml: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return found.group(1) if found else ""


def _tag(identifier: str, properties: Properties) -> None:
    ec2._tags[identifier] = list(properties.get("Tags") or [])


def _updater(attribute: str) -> Callable[[str, Properties, Properties, str], Provisioned]:
    """Return a handler for the updates these types take in place, which are their tags' alone."""

    def update(physical_id: str, _old: Properties, new: Properties, _stack_name: str) -> Provisioned:
        _tag(physical_id, new)
        return physical_id, {attribute: physical_id}

    return update


def _deleter(action: str, parameter: str) -> Callable[[str, Properties], None]:
    def delete(physical_id: str, _properties: Properties) -> None:
        ec2._ACTION_MAP[action]({parameter: [physical_id]})

    return delete


def _create_address(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    answer = _ec2("AllocateAddress", Domain="vpc")
    allocation = _element(answer, "allocationId")
    _tag(allocation, properties)
    return _address(_element(answer, "publicIp"), allocation)


def _update_address(physical_id: str, _old: Properties, new: Properties, _stack_name: str) -> Provisioned:
    allocation = _allocation(physical_id)
    _tag(allocation, new)
    return _address(physical_id, allocation)


def _release_address(physical_id: str, _properties: Properties) -> None:
    ec2._ACTION_MAP["ReleaseAddress"]({"AllocationId": [_allocation(physical_id)]})


def _address(public_ip: str, allocation: str) -> Provisioned:
    return public_ip, {"AllocationId": allocation, "PublicIp": public_ip}


def _allocation(public_ip: str) -> str:
    """Return the allocation of an address, by which EC2 knows what CloudFormation knows by the address itself."""
    return next((item["AllocationId"] for item in ec2._addresses.values() if item["PublicIp"] == public_ip), "")


def _create_nat_gateway(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    answer = _ec2("CreateNatGateway", SubnetId=properties["SubnetId"], AllocationId=properties.get("AllocationId", ""))
    gateway = _element(answer, "natGatewayId")
    _tag(gateway, properties)
    return gateway, {"NatGatewayId": gateway}


def _create_flow_log(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    answer = _ec2(
        "CreateFlowLogs",
        ResourceId_1=properties["ResourceId"],
        ResourceType=properties["ResourceType"],
        TrafficType=properties.get("TrafficType", "ALL"),
        LogDestinationType=properties.get("LogDestinationType", "cloud-watch-logs"),
        LogDestination=properties.get("LogDestination") or properties.get("LogGroupName", ""),
    )
    flow_log = _element(answer, "item")
    _tag(flow_log, properties)
    return flow_log, {"Id": flow_log}


def _rule_handlers(direction: str) -> dict[str, Any]:
    """Handlers that keep one rule of a security group; `direction` names the list in ministack's record."""

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        group = _group(properties["GroupId"])
        if direction == "IpPermissionsEgress":
            # AWS takes a new group's rule to everywhere away as soon as its template gives it egress rules.
            group[direction] = [rule for rule in group[direction] if rule != EVERYWHERE]
        group[direction] = group[direction] + provisioners._ec2_sg_permissions([properties])
        # The engine draws a seed for each replacement: the rule that comes is another one than the rule that goes.
        rule = f"sgr-{stack_name}-{logical_id}{provisioners._NAME_SEED.get()}"
        return rule, {"Id": rule}

    def delete(_physical_id: str, properties: Properties) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is not None:
            gone = provisioners._ec2_sg_permissions([properties])
            group[direction] = [rule for rule in group[direction] if rule not in gone]

    def update(physical_id: str, _old: Properties, _new: Properties, _stack_name: str) -> Provisioned:
        # All but the description is create-only.
        return physical_id, {"Id": physical_id}

    return {"create": create, "update": update, "delete": delete}


def _group(group_id: str) -> dict[str, Any]:
    group = ec2._security_groups.get(group_id)
    if group is None:
        raise ValueError(f"The security group '{group_id}' does not exist")
    return group
