"""The architecture of one environment, read from its templates: its resources, their places and their connections."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.diagrams.assembly import Environment, Key, Resource
from tools.diagrams.names import short_names

ANYWHERE = ("0.0.0.0/0", "::/0")
USERS = "users"
INTERNET = "internet"

PART_OF = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "AWS::ECS::Service",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::Backup::BackupPlan": "AWS::Backup::BackupVault",
    "AWS::Backup::BackupSelection": "AWS::Backup::BackupPlan",
    "AWS::Backup::RestoreTestingPlan": "AWS::Backup::BackupVault",
    "AWS::Backup::RestoreTestingSelection": "AWS::Backup::RestoreTestingPlan",
    "AWS::CloudFront::CachePolicy": "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginAccessControl": "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginRequestPolicy": "AWS::CloudFront::Distribution",
    "AWS::CloudFront::ResponseHeadersPolicy": "AWS::CloudFront::Distribution",
    "AWS::Config::DeliveryChannel": "AWS::S3::Bucket",
    "AWS::EC2::EIP": "AWS::EC2::NatGateway",
    "AWS::ECS::Cluster": "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition": "AWS::ECS::Service",
    "AWS::ElastiCache::ParameterGroup": "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::SubnetGroup": "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElasticLoadBalancingV2::Listener": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::ListenerRule": "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "AWS::ECS::Service",
    "AWS::Events::Rule": "AWS::Lambda::Function",
    "AWS::RDS::DBParameterGroup": "AWS::RDS::DBInstance",
    "AWS::RDS::DBSubnetGroup": "AWS::RDS::DBInstance",
    "AWS::S3::BucketPolicy": "AWS::S3::Bucket",
    "AWS::SNS::Subscription": "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy": "AWS::SNS::Topic",
    "AWS::SecretsManager::RotationSchedule": "AWS::RDS::DBInstance",
    "AWS::SecretsManager::SecretTargetAttachment": "AWS::SecretsManager::Secret",
    "AWS::WAFv2::LoggingConfiguration": "AWS::WAFv2::WebACL",
}
"""Types drawn as part of a resource of another type, which they refer to or which refers to them."""

GROUPED = {
    "AWS::CloudWatch::Alarm": "alarms",
    "AWS::EC2::NatGateway": "NAT gateways",
    "AWS::EC2::VPCEndpoint": "endpoints",
    "AWS::SNS::Topic": "topics",
}
"""Types of which one box shows all those of a stack in the same subnets."""

UNCOUNTED = ("AWS::CloudWatch::Alarm",)
"""Types of which the picture does not say how many there are, as that changes often."""

ONLY_LISTED = {
    "AWS::IAM::Role": "roles",
    "AWS::IAM::Policy": "policies",
    "AWS::IAM::ManagedPolicy": "policies",
    "AWS::KMS::Key": "keys",
    "AWS::Lambda::Permission": "permissions",
    "AWS::Logs::LogGroup": "log groups",
    "AWS::Logs::MetricFilter": "metric filters",
    "AWS::Logs::QueryDefinition": "saved queries",
    "AWS::EC2::FlowLog": "flow logs",
    "AWS::SSM::Parameter": "parameters",
}
"""Types that are only listed below the picture: nearly every stack has them."""

STRUCTURE = (
    "AWS::EC2::InternetGateway",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCGatewayAttachment",
)
"""Types drawn as frames and arrows."""

HELPERS = ("AWS::CloudFormation::", "AWS::CDK::", "Custom::")
"""Prefixes of types that only support deployments."""

WATCHING = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard")
"""Types that refer to resources of all stacks. Arrows to all of them would cover the picture."""

WATCHED = (*WATCHING, "AWS::SNS::Topic")
"""Types whose arrows from `WATCHING` are drawn all the same: they show who notifies whom."""

ABBREVIATIONS = ("Acl", "Api", "Http", "Nat")
"""Words in names that are written in capitals."""

SERVICES = {"ElasticLoadBalancingV2": "Elastic Load Balancing", "SecretsManager": "Secrets Manager"}
"""Services whose name differs from the one in CloudFormation's types."""

FACTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (("MinCapacity", "at least {}"), ("MaxCapacity", "at most {}")),
    "AWS::ECS::TaskDefinition": (("Cpu", "{} CPU units"), ("Memory", "{} MiB")),
    "AWS::ElastiCache::ReplicationGroup": (
        ("CacheNodeType", "{}"),
        ("NumCacheClusters", "nodes: {}"),
        ("MultiAZEnabled", "Multi-AZ"),
    ),
    "AWS::RDS::DBInstance": (("DBInstanceClass", "{}"), ("MultiAZ", "Multi-AZ")),
}
"""The properties shown in a box, with their wording. One that is false or missing is left out."""


@dataclass
class Node:
    """A box of the picture."""

    id: str
    title: str
    kind: str
    stack: str
    tier: str | None = None
    """The group of subnets it is in."""
    in_network: bool = False
    count: int = 1
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Edge:
    """An arrow: traffic, or a reference."""

    source: str
    target: str
    labels: tuple[str, ...] = ()
    traffic: bool = True


@dataclass(frozen=True)
class Tier:
    """A group of subnets, such as the private ones."""

    name: str
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class Architecture:
    """The architecture of one environment."""

    name: str
    region: str
    network: str
    """The VPC's CIDR block."""
    tiers: tuple[Tier, ...]
    stacks: tuple[str, ...]
    """The stacks' names without their common prefix."""
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    not_drawn: tuple[str, ...]
    """The kinds of resources that are only listed."""


def read(environment: Environment) -> Architecture:
    """Return the boxes and arrows of an environment."""
    return _Reader(environment).architecture()


class _Reader:
    """Sorts an environment's resources into boxes and arrows."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._resources = environment.resources
        self._stack_names = short_names(environment.stacks)
        self._neighbours: dict[Key, set[Key]] = {key: set(found.references) for key, found in self._resources.items()}
        for key, found in self._resources.items():
            for referred in found.references:
                self._neighbours[referred].add(key)
        self._subnets = {key: self._tier_name(found) for key, found in self._of_type("AWS::EC2::Subnet").items()}
        self._nodes: dict[str, Node] = {}
        self._drawn_as: dict[Key, str] = {}

    def architecture(self) -> Architecture:
        for key, resource in self._resources.items():
            if self._is_drawn(resource):
                self._draw(key, resource)
        for key, resource in self._resources.items():
            if resource.type in PART_OF and (owner := self._owner(key)):
                self._drawn_as[key] = owner
                self._nodes[owner].facts += _facts(resource)
        vpcs = self._of_type("AWS::EC2::VPC")
        return Architecture(
            name=self._environment.name,
            region=self._environment.region,
            network=", ".join(str(vpc.properties.get("CidrBlock", "")) for vpc in vpcs.values()),
            tiers=tuple(self._tiers()),
            stacks=tuple(self._stack_names.values()),
            nodes=tuple(self._nodes.values()),
            edges=tuple(self._edges()),
            not_drawn=tuple(dict.fromkeys(words for kind, words in ONLY_LISTED.items() if self._of_type(kind))),
        )

    def _of_type(self, kind: str) -> dict[Key, Resource]:
        return {key: found for key, found in self._resources.items() if found.type == kind}

    def _is_drawn(self, resource: Resource) -> bool:
        hidden = resource.type in ONLY_LISTED or resource.type in STRUCTURE
        helper = any(name.startswith(HELPERS) for name in (resource.type, *resource.path)) or (
            resource.type == "AWS::Lambda::Function"
            and any(self._resources[key].type.startswith(HELPERS) for key in self._neighbours[resource.key])
        )
        return not (hidden or helper or (resource.type in PART_OF and self._owner(resource.key, drawn=False)))

    def _draw(self, key: Key, resource: Resource) -> None:
        stack = self._stack_names[key[0]]
        tier = self._tier(key)
        together = GROUPED.get(resource.type)
        name = f"{stack}/{tier}/{resource.type}" if together else self._id(key)
        node = self._nodes.get(name)
        if node is None:
            title = _words(_title(resource.path))
            self._nodes[name] = Node(name, title, _kind(resource.type), stack, tier, self._in_network(key))
        elif resource.type in UNCOUNTED:
            node.title = _capitalized(together or node.title)
        else:
            node.count += 1
            node.title = together or node.title
        self._nodes[name].facts += _facts(resource)
        self._drawn_as[key] = name

    def _owner(self, key: Key, *, drawn: bool = True) -> str | None:
        """Return the box that a part belongs to, or None if there is none."""
        wanted = PART_OF.get(self._resources[key].type)
        for neighbour in sorted(self._neighbours[key]):
            if self._resources[neighbour].type == wanted:
                if wanted in PART_OF:
                    return self._owner(neighbour, drawn=drawn)
                return self._drawn_as[neighbour] if drawn else self._id(neighbour)
        return None

    def _id(self, key: Key) -> str:
        """Return a resource's name, which is the same in every environment."""
        return f"{self._stack_names[key[0]]}/{key[1]}"

    # Places.

    def _tier_name(self, subnet: Resource) -> str:
        tags = {tag["Key"]: tag["Value"] for tag in subnet.properties.get("Tags", [])}
        return tags.get("aws-cdk:subnet-name") or _title(subnet.path)

    def _tiers(self) -> Iterable[Tier]:
        for name in dict.fromkeys(self._subnets.values()):
            blocks = [
                str(self._resources[key].properties.get("CidrBlock", ""))
                for key, found in self._subnets.items()
                if found == name
            ]
            yield Tier(name, tuple(blocks))

    def _tier(self, key: Key) -> str | None:
        """Return the group of subnets a resource is in, by the subnets or subnet groups it refers to."""
        near = set(self._resources[key].references)
        for referred in self._resources[key].references:
            if self._resources[referred].type.endswith("SubnetGroup"):
                near |= self._resources[referred].references
        tiers = sorted({self._subnets[found] for found in near if found in self._subnets})
        return tiers[0] if len(tiers) == 1 else None

    def _in_network(self, key: Key) -> bool:
        resource = self._resources[key]
        return self._tier(key) is not None or "VpcId" in resource.properties

    # Connections.

    def _edges(self) -> list[Edge]:
        edges: dict[tuple[str, str, bool], dict[str, None]] = {}

        def add(source: str | None, target: str | None, label: str = "", *, traffic: bool = True) -> None:
            if source and target and (source != target or traffic):
                edges.setdefault((source, target, traffic), {})[label] = None

        self._from_distributions(add)
        self._by_security_groups(add)
        self._by_reference(add)
        joined = {pair[:2] for pair in edges if pair[2]}
        return [
            Edge(source, target, tuple(label for label in labels if label), traffic)
            for (source, target, traffic), labels in edges.items()
            if traffic or ((source, target) not in joined and (target, source) not in joined)
        ]

    def _from_distributions(self, add: Callable[..., None]) -> None:
        for key, found in self._of_type("AWS::CloudFront::Distribution").items():
            configuration = found.properties["DistributionConfig"]
            behaviors = [configuration["DefaultCacheBehavior"], *configuration.get("CacheBehaviors", [])]
            secure = all(one["ViewerProtocolPolicy"] in ("redirect-to-https", "https-only") for one in behaviors)
            add(USERS, self._drawn_as[key], "HTTPS" if secure else "HTTP, HTTPS")
            for origin in configuration["Origins"]:
                paths = [one.get("PathPattern") for one in behaviors if one["TargetOriginId"] == origin["Id"]]
                protocol = origin.get("CustomOriginConfig", {}).get("OriginProtocolPolicy", "")
                label = protocol.removesuffix("-only").upper() if None in paths else "  ".join(filter(None, paths))
                for referred in self._environment.referred(origin["DomainName"], key[0]):
                    add(self._drawn_as[key], self._drawn_as.get(referred), label)

    def _by_security_groups(self, add: Callable[..., None]) -> None:
        members = self._members()
        for group, rule, inward in self._rules():
            peer_names = ("SourceSecurityGroupId",) if inward else ("DestinationSecurityGroupId",)
            peers = [peer for name in peer_names for peer in self._environment.referred(rule.get(name), group[0])]
            for member in members.get(group, ()):
                for peer in peers:
                    for other in members.get(peer, ()):
                        add(*((other, member) if inward else (member, other)), _port(rule))
                if rule.get("CidrIp") in ANYWHERE or rule.get("CidrIpv6") in ANYWHERE:
                    if inward:
                        add(USERS, member, _port(rule))
                    else:
                        self._to_the_internet(add, member, _port(rule))

    def _to_the_internet(self, add: Callable[..., None], member: str, port: str) -> None:
        """Route outbound traffic through the NAT gateways, where there are any."""
        gateways = dict.fromkeys(self._drawn_as[key] for key in self._of_type("AWS::EC2::NatGateway"))
        for gateway in gateways:
            add(member, gateway, port)
            add(gateway, INTERNET)
        if not gateways:
            add(member, INTERNET, port)

    def _members(self) -> dict[Key, list[str]]:
        """Return the boxes in each security group."""
        members: dict[Key, list[str]] = {}
        for group in self._of_type("AWS::EC2::SecurityGroup"):
            drawn = [self._drawn_as[key] for key in self._neighbours[group] if key in self._drawn_as]
            members[group] = sorted(set(drawn))
        return members

    def _rules(self) -> Iterable[tuple[Key, Mapping[str, Any], bool]]:
        for key, found in self._of_type("AWS::EC2::SecurityGroup").items():
            for rule in found.properties.get("SecurityGroupIngress", []):
                yield key, rule, True
            for rule in found.properties.get("SecurityGroupEgress", []):
                yield key, rule, False
        for kind, inward in (("AWS::EC2::SecurityGroupIngress", True), ("AWS::EC2::SecurityGroupEgress", False)):
            for key, found in self._of_type(kind).items():
                for group in self._environment.referred(found.properties["GroupId"], key[0]):
                    yield group, found.properties, inward

    def _by_reference(self, add: Callable[..., None]) -> None:
        for key, found in self._resources.items():
            source = self._drawn_as.get(key)
            for referred in sorted(found.references):
                target = self._drawn_as.get(referred)
                watching = found.type in WATCHING and self._resources[referred].type not in WATCHED
                # A policy refers to the resource it protects; that is not a use of it.
                if not (watching or found.type.endswith("Policy") or found.type == self._resources[referred].type):
                    add(source, target, traffic=False)


def _title(path: tuple[str, ...]) -> str:
    """Return the last part of a resource's path that the project's own code has named."""
    own = [part for part in path if part not in ("Resource", "Default", "Service")]
    return (own or path)[-1]


def _words(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    first, *others = (word.upper() if word in ABBREVIATIONS else word for word in spaced.split(" "))
    return " ".join([first, *(word if word.isupper() else word.lower() for word in others)])


def _kind(resource_type: str) -> str:
    _, service, kind = [*resource_type.split("::"), "", ""][:3]
    words = _words(kind)
    # Some types repeat the service: AWS::Backup::BackupVault.
    return words if words.startswith(f"{service} ") else f"{SERVICES.get(service, service)} {_lower(words)}"


def _capitalized(words: str) -> str:
    return words[:1].upper() + words[1:]


def _lower(words: str) -> str:
    """Return a title with a lower-case first letter, unless it starts with an abbreviation."""
    return words if words[:2].isupper() else words[0].lower() + words[1:]


def _facts(resource: Resource) -> list[str]:
    found = []
    for name, words in FACTS.get(resource.type, ()):
        value = resource.properties.get(name)
        if value not in (None, False):
            found.append(words.format(value))
    return found


def _port(rule: Mapping[str, Any]) -> str:
    first, last = rule.get("FromPort"), rule.get("ToPort")
    return "all" if first is None else str(first) if first == last else f"{first} to {last}"


def differences(architectures: Iterable[Architecture]) -> dict[str, dict[str, str]]:
    """Return the boxes that differ between environments, by title, with their facts in each environment."""
    found = {one.name: {node.id: node for node in one.nodes} for one in architectures}
    titles = {identifier: node.title for nodes in found.values() for identifier, node in nodes.items()}
    rows: dict[str, dict[str, str]] = {}
    for identifier, title in titles.items():
        same = set.intersection(
            *(set(nodes[identifier].facts) if identifier in nodes else set() for nodes in found.values())
        )
        row = {name: _in_short(nodes.get(identifier), same) for name, nodes in found.items()}
        if len(set(row.values())) > 1:
            rows[title] = row
    return rows


def _in_short(node: Node | None, known: set[str]) -> str:
    if node is None:
        return "none"
    return ", ".join(fact for fact in node.facts if fact not in known) or str(node.count)
