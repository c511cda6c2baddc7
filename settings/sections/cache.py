"""The table `[environments.NAME.cache]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Section, rule
from settings.types.costs import Costs
from settings.types.instance_classes import CacheNodeType
from settings.validation.constraints import between, one_of
from settings.validation.messages import Mistake

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
    """The node type. The default is the reference's for production; for development it recommends cache.t3.micro."""
    nodes: Annotated[int, between(1, 6, "nodes"), Costs("in proportion")] = 2
    """Nodes in the replication group: the primary and up to five replicas."""
    multi_az: bool = True
    """Whether a replica in the other availability zone takes over on failure (reference: enabled for production)."""
    eviction_policy: Annotated[str, one_of(EVICTION_POLICIES)] = "volatile-lru"
    """Redis `maxmemory-policy`; the default is the reference's for sessions."""
    snapshot_retention_days: Annotated[
        int, between(0, 35, "days"), Costs("by the GiB and month, beyond one snapshot")
    ] = 7
    """How long daily snapshots are kept; 0 disables snapshots."""

    @rule
    def _replica_for_failover(self) -> Iterator[Mistake]:
        if self.multi_az and self.nodes < 2:
            yield Mistake(
                ("nodes",), "is too few for cache.multi_az, which needs a second node; raise it, or set that to false"
            )
