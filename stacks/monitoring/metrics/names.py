"""The dimensions that identify an environment's resources in metrics."""

from dataclasses import dataclass

from constructs import Construct

from stacks.application_stack import Application
from stacks.cache_stack import Cache
from stacks.database_stack import Database
from stacks.shared.output_copy import OutputCopy


@dataclass(frozen=True, kw_only=True)
class ObservedNames:
    """Names of the observed resources: fixed names where they have one, otherwise read once from their stack."""

    load_balancer: str
    target_group: str
    cluster: str
    service: str
    log_group: str
    database: str
    cache: str
    cache_nodes: int

    @classmethod
    def read(cls, scope: Construct, *, application: Application, database: Database, cache: Cache) -> "ObservedNames":
        """Return the names, with copies of outputs in the stack of `scope`."""
        # From the resources' own attributes: the library's metrics parse the listener's ARN, which does not work
        # across stacks.
        load_balancer, targets = application.load_balancer, application.target_group
        return cls(
            load_balancer=OutputCopy(scope, "LoadBalancerName", load_balancer.load_balancer_full_name).value,
            target_group=OutputCopy(scope, "TargetGroupName", targets.target_group_full_name).value,
            cluster=application.given_cluster_name,
            service=OutputCopy(scope, "ServiceName", application.service.service_name).value,
            log_group=OutputCopy(scope, "EngineLogName", application.log_group.log_group_name).value,
            database=database.identifier,
            cache=OutputCopy(scope, "ReplicationGroupId", cache.replication_group.ref).value,
            cache_nodes=int(cache.replication_group.num_cache_clusters or 1),
        )
