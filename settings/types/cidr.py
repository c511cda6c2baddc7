"""Blocks of IPv4 addresses."""

from ipaddress import IPv4Network

from settings.validation.constraints import Constraint

UNUSABLE = tuple(IPv4Network(block) for block in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
"""Blocks that no VPC can be in (VPC User Guide, "IPv4 VPC CIDR blocks")."""


def cidr_block(largest: int = 16, smallest: int = 28) -> Constraint:
    """Accept a block in CIDR notation between two sizes, given as prefix lengths."""
    expected = f"an IPv4 block of /{largest} to /{smallest}"

    def problem(text: str) -> str | None:
        try:
            block = IPv4Network(text, strict=False)
        except ValueError:
            return f"must be {expected}, such as 10.0.0.0/{largest}"
        if not largest <= block.prefixlen <= smallest:
            return f"must be {expected}"
        if text != str(block):
            return f"is not the first address of a block; write {block}"
        if any(block.overlaps(unusable) for unusable in UNUSABLE):
            return "is reserved, so no VPC can use it; take a private block, such as one of 10.0.0.0/8"
        return None

    return Constraint(expected, problem)
