"""Instance classes of databases and node types of caches, of all regions."""

from typing import Annotated

from settings.aws.data import BY_DATA, CACHE_NODE_TYPES, DATABASE_CLASSES
from settings.validation.constraints import one_of

DatabaseClass = Annotated[
    str, one_of(tuple(DATABASE_CLASSES), "a class RDS offers for PostgreSQL 15, such as db.t3.small", BY_DATA)
]
CacheNodeType = Annotated[
    str, one_of(tuple(CACHE_NODE_TYPES), "a node type ElastiCache offers, such as cache.t3.small", BY_DATA)
]
