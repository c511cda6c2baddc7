"""Where CloudFormation says "may be replaced" and means "is interrupted"."""

from collections.abc import Collection
from typing import Final

INTERRUPTED_ONLY: Final = {
    "AWS::ElastiCache::ReplicationGroup": {"AuthToken"},
    "AWS::RDS::DBInstance": {
        "AutoMinorVersionUpgrade",
        "BackupRetentionPeriod",
        "DBParameterGroupName",
        "MultiAZ",
        "PreferredMaintenanceWindow",
        "StorageType",
    },
}
"""Properties whose change needs "some interruptions" (CloudFormation's template reference, "Update requires").

The resources' schemas have one word, conditional, for these and for what a new resource may be made for.
"""


def only_interrupted(type_name: str, properties: Collection[str]) -> bool:
    """Tell whether changing all these properties leaves the resource where it is."""
    return bool(properties) and set(properties) <= INTERRUPTED_ONLY.get(type_name, set())
