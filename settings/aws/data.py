"""Reads `data.toml`, which `make aws-data` writes."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("data.toml")
_DATA: Final[Mapping[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))

DATED: Final[date] = _DATA["dated"]
SOURCES: Final[str] = _DATA["sources"]
BY_DATA: Final = f"AWS data of {DATED}"
"""What messages name as their source."""

REGIONS: Final[tuple[str, ...]] = tuple(_DATA["regions"])
"""The commercial regions.

China and GovCloud are excluded: CloudFront, ARNs and cross-account roles do not span partitions.
"""
UNCHECKED_REGIONS: Final[tuple[str, ...]] = tuple(_DATA["unchecked_regions"])
"""Regions whose CloudFormation resource types are unknown."""

ABSENT: Final[Mapping[str, list[str]]] = _DATA["absent"]
"""Regions without a service, by the service's name."""
UNCLEAR: Final[Mapping[str, list[str]]] = _DATA["unclear"]
"""Regions for which the sources contradict each other about a service, by its name."""

ZONES: Final[Mapping[str, str]] = _DATA["zones"]
"""The letters of the availability zones that an account may have, by region."""
LOG_RETENTION_DAYS: Final[tuple[int, ...]] = tuple(_DATA["log_retention_days"])
"""The only numbers of days that CloudWatch Logs accepts."""
MEMORY_BY_CPU: Final[Mapping[int, tuple[int, ...]]] = {
    int(cpu): tuple(memory) for cpu, memory in _DATA["fargate_memory_by_cpu"].items()
}
"""Fargate's memory sizes in MiB, by CPU units."""
VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {engine: tuple(found) for engine, found in _DATA["versions"].items()}
"""Versions that can be created, by engine. Which region has which is not known."""


def _by_class(families: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    return {
        f"{family['name']}.{size}": tuple(
            region
            for region in REGIONS
            if region in family.get("in", REGIONS) and region not in family.get("not_in", ())
        )
        for family in families
        for size in family["sizes"]
    }


DATABASE_CLASSES: Final[Mapping[str, tuple[str, ...]]] = _by_class(_DATA["families"]["database"])
"""Regions that sell an instance class for PostgreSQL, by class.

All classes support encryption and Performance Insights.
"""
CACHE_NODE_TYPES: Final[Mapping[str, tuple[str, ...]]] = _by_class(_DATA["families"]["cache"])
"""Regions that sell a node type of ElastiCache, by type. All types support encryption, failover and backups."""
