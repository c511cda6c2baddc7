"""EC2 resource types whose API ministack implements and whose CloudFormation it does not."""

import re
from typing import Any

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, ec2, provisioners

EVERYWHERE = provisioners._ec2_sg_egress_permissions([])[0]


def register() -> None:
    """Provide the types with ministack's own EC2, so that describe calls return them."""
    providers.register(
        ElasticIp("AWS::EC2::EIP"),
        NatGateway("AWS::EC2::NatGateway"),
        FlowLog("AWS::EC2::FlowLog"),
        SecurityGroupRule("AWS::EC2::SecurityGroupIngress", "IpPermissions"),
        SecurityGroupRule("AWS::EC2::SecurityGroupEgress", "IpPermissionsEgress"),
    )


class ElasticIp(providers.ResourceProvider):
    """Addresses. CloudFormation identifies one by the address itself, EC2 by its allocation."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        answer = _call("AllocateAddress", Domain="vpc")
        allocation, address = _element(answer, "allocationId"), _element(answer, "publicIp")
        _tag(allocation, properties)
        return address, {"AllocationId": allocation, "PublicIp": address}

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        allocation = self._allocation(physical_id)
        _tag(allocation, new)
        return physical_id, {"AllocationId": allocation, "PublicIp": physical_id}

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        _request("ReleaseAddress", AllocationId=self._allocation(physical_id))

    def _allocation(self, address: str) -> str:
        return next((item["AllocationId"] for item in ec2._addresses.values() if item["PublicIp"] == address), "")


class NatGateway(providers.ResourceProvider):
    """NAT gateways; only their tags can be updated in place."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        allocation = properties.get("AllocationId", "")
        answer = _call("CreateNatGateway", SubnetId=properties["SubnetId"], AllocationId=allocation)
        gateway = _element(answer, "natGatewayId")
        _tag(gateway, properties)
        return gateway, {"NatGatewayId": gateway}

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        _tag(physical_id, new)
        return physical_id, {"NatGatewayId": physical_id}

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        _request("DeleteNatGateway", NatGatewayId=physical_id)


class FlowLog(providers.ResourceProvider):
    """Flow logs; only their tags can be updated in place."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        answer = _call(
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

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        _tag(physical_id, new)
        return physical_id, {"Id": physical_id}

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        _request("DeleteFlowLogs", FlowLogId_1=physical_id)


class SecurityGroupRule(providers.ResourceProvider):
    """One rule of a security group; `direction` names the list in ministack's record."""

    def __init__(self, resource_type: str, direction: str) -> None:
        super().__init__(resource_type)
        self._direction = direction

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is None:
            raise ValueError(f"The security group '{properties['GroupId']}' does not exist")
        rules = group[self._direction]
        if self._direction == "IpPermissionsEgress":
            # As at AWS: a template's own egress rules replace a new group's rule that allows all.
            rules = [rule for rule in rules if rule != EVERYWHERE]
        group[self._direction] = rules + provisioners._ec2_sg_permissions([properties])
        rule = f"sgr-{providers.physical_name(stack_name, logical_id)}"
        return rule, {"Id": rule}

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        # All but the description is create-only.
        return physical_id, {"Id": physical_id}

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is not None:
            deleted = provisioners._ec2_sg_permissions([properties])
            group[self._direction] = [rule for rule in group[self._direction] if rule not in deleted]


def _request(action: str, **parameters: str) -> tuple[int, Any, Any]:
    return ec2._ACTION_MAP[action]({name.replace("_", "."): [value] for name, value in parameters.items()})


def _call(action: str, **parameters: str) -> str:
    """Call ministack's EC2 in the account and region of the current stack operation; return the answer's XML."""
    status, _, body = _request(action, **parameters)
    text = body.decode() if isinstance(body, bytes) else body
    if status >= 400:
        raise ValueError(_element(text, "Message"))
    return text


def _element(xml: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return found.group(1) if found else ""


def _tag(identifier: str, properties: Properties) -> None:
    ec2._tags[identifier] = list(properties.get("Tags") or [])
