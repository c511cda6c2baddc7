"""ElastiCache: replication groups and clusters, also where none is named (Service Authorization Reference)."""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on


def correct(call: ApiCall) -> Target | None:
    """Name the replication group or cluster; all of them where the call names none."""
    match call.action:
        case "elasticache:DescribeReplicationGroups":
            return on(call.arn("elasticache", f"replicationgroup:{call.text('ReplicationGroupId') or '*'}"))
        case "elasticache:DescribeCacheClusters":
            return on(call.arn("elasticache", f"cluster:{call.text('CacheClusterId') or '*'}"))
        case "elasticache:DescribeSnapshots":
            return on(call.arn("elasticache", f"snapshot:{call.text('SnapshotName') or '*'}"))
        case _:
            return None
