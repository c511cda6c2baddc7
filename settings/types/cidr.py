"""Blocks of IPv4 addresses."""

from dataclasses import dataclass
from ipaddress import IPv4Network

from settings.validation.constraints import Constraint

KEPT_BY_AWS = 5
"""Addresses of each subnet that are not given away: the first four and the last (VPC User Guide, "Subnet sizing")."""

UNUSABLE = tuple(IPv4Network(block) for block in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
"""Blocks no VPC can be in (VPC User Guide, "IPv4 VPC CIDR blocks")."""


@dataclass(frozen=True)
class Cidr(Constraint):
    """A block in CIDR notation between two sizes; `largest` and `smallest` are prefix lengths."""

    largest: int = 16
    smallest: int = 28

    @property
    def expected(self) -> str:
        """The sizes allowed."""
        return f"an IPv4 block of /{self.largest} to /{self.smallest}"

    def problem(self, value: object) -> str | None:
        """Say what keeps AWS from accepting the block."""
        text = str(value)
        try:
            block = IPv4Network(text, strict=False)
        except ValueError:
            return f"must be {self.expected}, such as 10.0.0.0/{self.largest}"
        if not self.largest <= block.prefixlen <= self.smallest:
            return f"must be {self.expected}"
        if text != str(block):
            return f"is no block's own address: write {block}"
        if any(block.overlaps(unusable) for unusable in UNUSABLE):
            return "is reserved: a VPC cannot use it"
        return None


def usable_addresses(cidr: str) -> int:
    """Return how many addresses a subnet of this block can give away."""
    return IPv4Network(cidr).num_addresses - KEPT_BY_AWS
