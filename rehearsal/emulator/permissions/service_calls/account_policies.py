"""The policies in stacks' resources: of roles, buckets, keys, topics, queues, secrets and functions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rehearsal.emulator.permissions.conditions import Value
from rehearsal.emulator.permissions.evaluation import (
    Decision,
    Kind,
    Principal,
    Reason,
    Request,
    ResourcePolicy,
    decide,
)
from rehearsal.emulator.permissions.policy import Policy, Statement, read
from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import DEPLOYER, Call, CallerKind

ManagedPolicies = Callable[[str], Mapping[str, Any] | None]
"""Finds an AWS managed policy's document by its ARN."""

ALLOW_ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class AccountPolicies:
    """Decides about calls by the policies in the resources' properties."""

    def __init__(self, resources: Resources, managed: ManagedPolicies) -> None:
        self._resources = resources
        self._managed = managed
        self._identity: dict[str, list[Policy]] = defaultdict(list)
        self._boundary: dict[str, list[Policy]] = {}
        self._unknown: dict[str, list[str]] = defaultdict(list)
        self._resource: dict[str, list[Policy]] = defaultdict(list)
        self._owner: dict[str, str] = {}
        self._aliases: dict[str, list[str]] = defaultdict(list)
        """The aliases of each key."""
        for resource in resources:
            self._collect(resource)

    def statements(self) -> Iterator[Statement]:
        """Return every statement of the policies in a template."""
        for policies in (*self._identity.values(), *self._resource.values()):
            for policy in policies:
                yield from (item for item in policy if not item.policy.startswith("arn:"))

    def decide(self, call: Call, without: Iterable[Statement] = ()) -> Decision:
        """Decide about a call, optionally without some statements."""
        left_out = frozenset(map(id, without))

        def present(policies: Iterable[Policy]) -> tuple[Policy, ...]:
            return tuple(tuple(item for item in policy if id(item) not in left_out) for policy in policies)

        principal = self._principal(call, present)
        request = Request(principal, call.action, call.resource, self._context(call))
        if call.caller.kind is CallerKind.SERVICE_LINKED and not call.action.startswith("kms:"):
            return Decision(request, Reason.ALLOWED)
        return decide(request, self._resource_policy(call, present))

    def _principal(self, call: Call, present: Callable[[Iterable[Policy]], tuple[Policy, ...]]) -> Principal:
        name = call.caller.name
        if call.caller.kind is CallerKind.SERVICE:
            return Principal(name, Kind.SERVICE)
        account = name.split(":")[4]
        if call.caller.kind is CallerKind.ACCOUNT:
            return Principal(name, Kind.ROOT, account)
        identity = present(self._identity[name])
        administers = call.caller.kind in (CallerKind.SERVICE_LINKED, CallerKind.PERSON)
        if administers or (not identity and self._is_deployer(name, account)):
            identity = (read("AdministratorAccess", ALLOW_ALL),)
        return Principal(
            arn=name,
            kind=Kind.ROLE,
            account=account,
            role_arn=name,
            identity=identity,
            boundary=present(self._boundary[name]) if name in self._boundary else None,
            unknown_policies=tuple(self._unknown[name]),
        )

    def _is_deployer(self, arn: str, account: str) -> bool:
        """Whether it is a bootstrapped account's execution role, which none of our stacks contains."""
        return arn.startswith(DEPLOYER.format(account=account, region=""))

    def _resource_policy(
        self, call: Call, present: Callable[[Iterable[Policy]], tuple[Policy, ...]]
    ) -> ResourcePolicy | None:
        arn = call.resource
        if arn.startswith("arn:aws:s3:::"):
            arn = arn.partition("/")[0]
        must_allow = call.action.startswith(("kms:", "sts:AssumeRole"))
        if arn not in self._owner:
            if not must_allow and call.caller.kind in (CallerKind.SERVICE, CallerKind.ACCOUNT):
                return ResourcePolicy(owner="")
            return None
        policies = present(self._resource.get(arn, []))
        flat = tuple(item for policy in policies for item in policy)
        return ResourcePolicy(self._owner[arn], flat, must_allow=must_allow)

    def _context(self, call: Call) -> dict[str, Value]:
        tls: dict[str, Value] = {"s3:TlsVersion": "1.3"} if call.action.startswith("s3:") else {}
        aliases: dict[str, Value] = {}
        if names := self._aliases.get(call.resource):
            aliases["kms:ResourceAliases"] = names
        return {"aws:SecureTransport": "true", **tls, **aliases, **call.context}

    def _collect(self, resource: Resource) -> None:
        if resource.arn:
            self._owner[resource.arn] = resource.account
        collectors: dict[str, Callable[[Resource], None]] = {
            "AWS::IAM::Role": self._role,
            "AWS::IAM::Policy": self._policy,
            "AWS::IAM::ManagedPolicy": self._managed_policy,
            "AWS::KMS::Alias": self._alias,
            "AWS::KMS::Key": lambda item: self._add(item.arn, item, "KeyPolicy"),
            "AWS::S3::BucketPolicy": lambda item: self._add(self._bucket(item), item, "PolicyDocument"),
            "AWS::SNS::TopicPolicy": lambda item: self._add_each(item.at("Topics", default=[]), item),
            "AWS::SQS::QueuePolicy": lambda item: self._add_each(self._queues(item), item),
            "AWS::SecretsManager::ResourcePolicy": lambda item: self._add(item.at("SecretId"), item, "ResourcePolicy"),
            "AWS::Lambda::Permission": self._permission,
        }
        if collect := collectors.get(resource.type):
            collect(resource)

    def _role(self, role: Resource) -> None:
        self._add(role.arn, role, "AssumeRolePolicyDocument")
        for index, policy in enumerate(role.at("Policies", default=[])):
            self._identity[role.arn].append(read(f"{role.where}/Policies/{index}", policy["PolicyDocument"]))
        for arn in role.at("ManagedPolicyArns", default=[]):
            self._attach(role.arn, arn)
        if boundary := role.at("PermissionsBoundary"):
            self._boundary[role.arn] = [read(boundary, self._document(boundary))]

    def _attach(self, role_arn: str, policy_arn: str) -> None:
        document = self._document(policy_arn)
        if document is None:
            self._unknown[role_arn].append(policy_arn)
        else:
            self._identity[role_arn].append(read(policy_arn, document))

    def _document(self, arn: str) -> Mapping[str, Any] | None:
        for policy in self._resources.of_type("AWS::IAM::ManagedPolicy"):
            if arn in (policy.physical_id, policy.attributes.get("PolicyArn")):
                return policy.at("PolicyDocument")
        return self._managed(arn)

    def _policy(self, policy: Resource) -> None:
        read_policy = read(policy.where, policy.at("PolicyDocument"))
        for name in policy.at("Roles", default=[]):
            self._identity[f"arn:aws:iam::{policy.account}:role/{name}"].append(read_policy)

    def _managed_policy(self, policy: Resource) -> None:
        for name in policy.at("Roles", default=[]):
            self._identity[f"arn:aws:iam::{policy.account}:role/{name}"].append(
                read(policy.where, policy.at("PolicyDocument"))
            )

    def _alias(self, alias: Resource) -> None:
        if key := self._resources.key(alias.at("TargetKeyId"), alias):
            self._aliases[key.arn].append(alias.at("AliasName"))

    def _permission(self, permission: Resource) -> None:
        function = self._resources.named("AWS::Lambda::Function", permission.at("FunctionName", default=""), permission)
        if not function:
            return
        principal = permission.at("Principal")
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": permission.at("Action"),
            "Resource": function.arn,
            "Principal": {"Service" if "." in principal else "AWS": principal},
        }
        conditions = {}
        if source := permission.at("SourceArn"):
            conditions["ArnLike"] = {"aws:SourceArn": source}
        if account := permission.at("SourceAccount"):
            conditions["StringEquals"] = {"aws:SourceAccount": account}
        if conditions:
            statement["Condition"] = conditions
        self._resource[function.arn].append(read(permission.where, {"Statement": [statement]}))

    def _add(self, arn: str | None, resource: Resource, name: str) -> None:
        if arn and (document := resource.at(name)):
            self._resource[arn].append(read(f"{resource.where}/{name}", document))

    def _add_each(self, arns: Iterable[str], resource: Resource) -> None:
        for arn in arns:
            self._add(arn, resource, "PolicyDocument")

    def _bucket(self, policy: Resource) -> str | None:
        return f"arn:aws:s3:::{policy.at('Bucket')}"

    def _queues(self, policy: Resource) -> Iterator[str]:
        for address in policy.at("Queues", default=[]):
            parts = address.rpartition("/")
            yield f"arn:aws:sqs:{policy.region}:{policy.account}:{parts[2]}"
