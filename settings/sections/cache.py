"""The table `[environments.NAME.cache]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Mistake, Section, rule
from settings.types.costs import Costs
from settings.types.instance_classes import CacheNodeType
from settings.validation.constraints import Between, OneOf

EVICTION_POLICIES = (
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
)
"""The values of `maxmemory-policy` in Redis 7."""


class CacheSettings(Section):
    """One environment's Redis."""

    node_type: Annotated[CacheNodeType, Costs("each node by the hour")] = "cache.t3.small"
    """The machine each node runs on. The default is the reference's for production; for development it names
    cache.t3.micro.
    """
    nodes: Annotated[int, Between(1, 6, "nodes"), Costs("in proportion")] = 2
    """Nodes in the replication group: the primary and up to five replicas."""
    multi_az: bool = True
    """Whether a replica in the other zone takes over (reference: enabled for production)."""
    eviction_policy: Annotated[str, OneOf(EVICTION_POLICIES)] = "volatile-lru"
    """Redis' `maxmemory-policy`; the reference's for sessions."""
    snapshot_retention_days: Annotated[
        int, Between(0, 35, "days"), Costs("by the GiB and month, beyond one snapshot")
    ] = 7
    """How long daily snapshots are kept; 0: none are made."""

    @rule
    def _somebody_to_take_over(self) -> Iterator[Mistake]:
        if self.multi_az and self.nodes < 2:
            yield Mistake(("nodes",), "is too few for cache.multi_az: a second node has to take over")
