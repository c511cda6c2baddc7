"""Names: which properties name a resource, and in which scope the name must be unique.

CloudFormation's contract for create handlers: a second resource with the same primary identifier fails with
`AlreadyExists` ("Resource type handler contract" and `contract_create_create`, CloudFormation CLI User Guide). So the
schemas give the properties that name a resource. Three tables add what schemas lack: names that are not identifiers,
types whose names are unique beyond a region, and identifiers that may be overwritten.
"""

from dataclasses import dataclass
from typing import Any

from rehearsal.emulator.internals import Properties, cloudformation, here
from rehearsal.emulator.rules.refusal import ALREADY_EXISTS, Refusal, handler_refusal, service_refusal
from rehearsal.emulator.rules.schemas import Pointer, schema_of
from rehearsal.emulator.rules.stores import State, state_of

NAMES: dict[str, tuple[Pointer, ...]] = {
    # CreateCachePolicy: CachePolicyAlreadyExists; "A unique name to identify the cache policy" (CloudFront API).
    "AWS::CloudFront::CachePolicy": (("CachePolicyConfig", "Name"),),
    "AWS::CloudFront::OriginRequestPolicy": (("OriginRequestPolicyConfig", "Name"),),
    "AWS::CloudFront::ResponseHeadersPolicy": (("ResponseHeadersPolicyConfig", "Name"),),
    "AWS::CloudFront::OriginAccessControl": (("OriginAccessControlConfig", "Name"),),
    # CreateFunction: FunctionAlreadyExists.
    "AWS::CloudFront::Function": (("Name",),),
    # CreateProject: "The specified AWS resource cannot be created, because an AWS resource with the same settings
    # already exists" (ResourceAlreadyExistsException).
    "AWS::CodeBuild::Project": (("Name",),),
    # "The name of the security group … must be unique within the VPC" (CreateSecurityGroup).
    "AWS::EC2::SecurityGroup": (("GroupName",), ("VpcId",)),
    # "Service names must be unique within a cluster" (CreateService).
    "AWS::ECS::Service": (("Cluster",), ("ServiceName",)),
    # "This name must be unique per region per account" (CreateLoadBalancer, CreateTargetGroup).
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (("Name",),),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (("Name",),),
    # Rules are unique on their bus; the schema's additional identifier is the rule's name.
    "AWS::Events::Rule": (("EventBusName",), ("Name",)),
    # CreatePolicy: EntityAlreadyExists.
    "AWS::IAM::ManagedPolicy": (("ManagedPolicyName",),),
    # CreateSecret: ResourceExistsException, also while a deletion is scheduled.
    "AWS::SecretsManager::Secret": (("Name",),),
    # CreateTopic and CreateQueue answer with what exists; CloudFormation refuses it (AWS::SNS::Topic "already exists").
    "AWS::SNS::Topic": (("TopicName",),),
    "AWS::SQS::Queue": (("QueueName",),),
    # "You cannot change the name of a web ACL after you create it"; WAFDuplicateItemException within a scope.
    "AWS::WAFv2::WebACL": (("Name",), ("Scope",)),
}
"""The properties that together name a resource, of types whose primary identifier AWS itself gives."""

ACCOUNT_WIDE = ("AWS::IAM::", "AWS::CloudFront::", "AWS::CloudWatch::Dashboard", "AWS::Route53::HostedZone")
"""Types whose names are unique in an account, as their ARNs have no region (Service Authorization Reference)."""

EVERYWHERE = ("AWS::S3::Bucket",)
"""Types whose names are unique in a partition ("Bucket naming rules", Amazon S3 User Guide)."""

MAY_EXIST = frozenset(
    {
        # RegisterScalableTarget and PutScalingPolicy register or update (Application Auto Scaling API Reference).
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        # A logging configuration is put onto its web ACL (PutLoggingConfiguration).
        "AWS::WAFv2::LoggingConfiguration",
    }
)
"""Types whose create handler overwrites an existing resource."""


DEFAULTS = {"Cluster": "default", "EventBusName": "default"}
"""The value of a part of a name that the template omits."""


@dataclass(frozen=True)
class Name:
    """A resource's name in its scope."""

    resource_type: str
    account: str
    region: str
    parts: tuple[str, ...]
    pointers: tuple[Pointer, ...]

    @property
    def shown(self) -> str:
        """Return the name as stack events show an identifier."""
        return "|".join(self.parts)

    def identifier(self) -> str:
        """Return the identifier as CloudFormation's own message spells it."""
        pairs = zip(self.pointers, self.parts, strict=True)
        return "{" + ",".join(f'"/properties/{"/".join(pointer)}":"{part}"' for pointer, part in pairs) + "}"


def pointers_of(resource_type: str) -> tuple[Pointer, ...]:
    """Return the properties that together name a resource of the type; none where AWS names it."""
    if resource_type in NAMES:
        return NAMES[resource_type]
    schema = schema_of(resource_type)
    if schema is None or resource_type in MAY_EXIST:
        return ()
    identifier = schema.pointers("primaryIdentifier")
    read_only = set(schema.pointers("readOnlyProperties"))
    return () if any(pointer in read_only for pointer in identifier) else identifier


def name_of(resource_type: str, properties: Properties) -> Name | None:
    """Return the name that a template gives a resource; None where it gives none."""
    pointers = pointers_of(resource_type)
    parts = [_text(_at(properties, pointer) or DEFAULTS.get(pointer[-1])) for pointer in pointers]
    if not pointers or not all(parts):
        return None
    account, region = here()
    if resource_type.startswith(ACCOUNT_WIDE):
        region = ""
    if resource_type in EVERYWHERE:
        account = region = ""
    return Name(resource_type, account, region, tuple(parts), pointers)


class Registry:
    """The names of recorded-only resources, which ministack does not store. Retained resources keep theirs."""

    def __init__(self) -> None:
        self._taken: set[Name] = set()

    def require_free(self, name: Name) -> None:
        """Raise Refusal if the name is in use.

        ministack's own stores decide for the types it has, so resources made or deleted by API calls count.
        """
        state = state_of(name)
        if state is State.UNKNOWN:
            state = State.EXISTS if name in self._taken else State.FREE
        if state is not State.FREE:
            raise _refusal(name, state)

    def take(self, name: Name) -> None:
        """Record that a stack uses this name."""
        self._taken.add(name)

    def free(self, name: Name) -> None:
        """Release the name of a deleted resource."""
        self._taken.discard(name)


def _refusal(name: Name, state: State) -> Refusal:
    if state is State.SCHEDULED_FOR_DELETION:
        return service_refusal(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            "SecretsManager",
        )
    if stack := _owner(name):
        # CloudFormation checks its own stacks first.
        return Refusal(f"{name.shown} already exists in stack {stack}")
    return handler_refusal(
        f"Resource of type '{name.resource_type}' with identifier '{name.identifier()}' already exists.",
        ALREADY_EXISTS,
    )


def _owner(name: Name) -> str | None:
    """Return the id of the stack, of this account and region, that has the resource; None if none has."""
    for stack in list(cloudformation._stacks.values()):
        for resource in stack.get("_resources", {}).values():
            if (
                resource["ResourceType"] == name.resource_type
                and name_of(name.resource_type, resource["Properties"]) == name
            ):
                return stack["StackId"]
    return None


def _at(properties: Properties, pointer: Pointer) -> Any:
    found: Any = properties
    for part in pointer:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value)
