"""Instance classes of databases and node types of caches.

Regions differ in those they offer; cfn-lint checks that in the synthesized templates.
"""

from typing import Annotated

from settings.validation.constraints import one_of

SMALL = ("micro", "small", "medium")
TO_16 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
TO_24 = (*TO_16, "24xlarge")

DATABASE_CLASSES = tuple(
    f"db.{family}.{size}"
    for families, sizes in {
        "t3 t4g": (*SMALL, "large", "xlarge", "2xlarge"),
        "m5 m5d r5 r5b r5d": TO_24,
        "m6g m6gd m7g r6g r6gd r7g x2g": TO_16,
        "m6i m6id m6idn m6in r6i r6id r6idn r6in": (*TO_24, "32xlarge"),
        "m7i m8a m8g m8gd m9g r7i r8a r8g r8gd": (*TO_24, "48xlarge"),
        "x2iedn": ("xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "24xlarge", "32xlarge"),
    }.items()
    for family in families.split()
    for size in sizes
)
"""Offered by RDS for PostgreSQL from 15.13 on (price list and engine versions of October 2026, from cfn-lint 1.58).

All support encryption and Performance Insights.
"""

CACHE_NODE_TYPES = tuple(
    f"cache.{family}.{size}"
    for families, sizes in {
        "t2 t3 t4g": SMALL,
        "c7gn c8gn m6g m7g m8g r6g r7g r8g": TO_16,
        "m4": ("large", "xlarge", "2xlarge", "4xlarge", "10xlarge"),
        "m5 r5": ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"),
        "r4": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge"),
    }.items()
    for family in families.split()
    for size in sizes
)
"""Offered by ElastiCache (price list of October 2026, from cfn-lint 1.58).

All support encryption, failover and backups; `cache.t1.micro` does not. `r6gd` is excluded because it requires data
tiering.
"""

DatabaseClass = Annotated[str, one_of(DATABASE_CLASSES, "a class RDS offers for PostgreSQL 15, such as db.t3.small")]
CacheNodeType = Annotated[str, one_of(CACHE_NODE_TYPES, "a node type ElastiCache offers, such as cache.t3.small")]
