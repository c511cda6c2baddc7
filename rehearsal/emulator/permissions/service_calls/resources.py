"""Deployed resources, and how they refer to one another: names, ARNs, keys, roles."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rehearsal.emulator.permissions.service_calls.names import NAMINGS, arn_of


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource of a stack, with every reference in its properties resolved."""

    type: str
    logical_id: str
    stack: str
    account: str
    region: str
    physical_id: str
    properties: dict[str, Any]
    path: str = ""
    """Its path in the construct tree, if the template has it."""
    attributes: dict[str, Any] = field(default_factory=dict)
    deployer: str | None = None
    """The role that CloudFormation deploys it with; None: the bootstrap's execution role."""

    @cached_property
    def arn(self) -> str:
        """The ARN that policies use; a log group's ends in `:*`."""
        naming = NAMINGS.get(self.type)
        if naming is None:
            return ""
        if naming.ref_is_arn and self.physical_id.startswith("arn:"):
            return self.physical_id
        return arn_of(self.type, self.name, account=self.account, region=self.region)

    @property
    def name(self) -> str:
        """Its name, even if `Ref` returns an ARN or an address."""
        naming = NAMINGS.get(self.type)
        if naming and naming.name_after and naming.name_after in self.physical_id:
            return self.physical_id.rpartition(naming.name_after)[2]
        return self.physical_id

    @property
    def where(self) -> str:
        """Return a description of this resource for messages."""
        return f"{self.stack}/{self.logical_id}"

    def at(self, *path: str | int, default: Any = None) -> Any:
        """Return the property at the path, or the default where part of the path is absent."""
        found: Any = self.properties
        for step in path:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return default
        return found


class Resources:
    """All resources of the stacks of all accounts and regions."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._all = list(resources)
        self._by_type: dict[str, list[Resource]] = defaultdict(list)
        self._by_arn: dict[str, Resource] = {}
        for resource in self._all:
            self._by_type[resource.type].append(resource)
            if resource.arn:
                self._by_arn[resource.arn] = resource

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def of_type(self, *types: str) -> list[Resource]:
        """Return the resources of these types."""
        return [resource for name in types for resource in self._by_type[name]]

    def by_arn(self, arn: str) -> Resource | None:
        """Return the resource of the ARN."""
        return self._by_arn.get(arn)

    def named(self, resource_type: str, name: str, near: Resource) -> Resource | None:
        """Return the resource that this name or ARN means in the account and region of another."""
        if name.startswith("arn:"):
            return self.by_arn(name)
        return self.by_arn(arn_of(resource_type, name, account=near.account, region=near.region))

    def key(self, key: str | None, near: Resource) -> Resource | None:
        """Return the key that an ARN, an id or an alias means in the account and region of a resource.

        None for an AWS managed key, or one that no stack contains.
        """
        if not key:
            return None
        if "alias/" in key:
            region = key.split(":")[3] if key.startswith("arn:") else near.region
            account = key.split(":")[4] if key.startswith("arn:") else near.account
            for alias in self.of_type("AWS::KMS::Alias"):
                if (alias.account, alias.region) == (account, region) and alias.at("AliasName") == key[
                    key.index("alias/") :
                ]:
                    return self.key(alias.at("TargetKeyId"), alias)
            return None
        return self.named("AWS::KMS::Key", key, near)

    def bucket(self, name: str | None) -> Resource | None:
        """Return the bucket of that name, ARN or domain name."""
        if not name:
            return None
        return self.by_arn(f"arn:aws:s3:::{name.removeprefix('arn:aws:s3:::').partition('.')[0]}")

    def bucket_key(self, bucket: Resource) -> Resource | None:
        """Return the key that objects of the bucket are encrypted with."""
        default = bucket.at("BucketEncryption", "ServerSideEncryptionConfiguration", 0, default={})
        return self.key(default.get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID"), bucket)
