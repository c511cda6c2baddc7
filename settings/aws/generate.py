"""Writes `data.toml` from the pinned cfn-lint and botocore: `python -m settings.aws.generate FILE`.

It reads their data files, since importing them takes seconds. Synthesis needs neither.
"""

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from settings.aws.services import SERVICES, Service

POSTGRES: Final = "15"
"""The major version of the database (`stacks/database_stack.py`)."""
DATA_TIERING: Final = "r6gd"
"""Node types of this family require data tiering, which is not used."""
WITHOUT_ENCRYPTION: Final = "cache.t1.micro"
SIZES: Final = ("micro", "small", "medium", "large", "xlarge")

HEAD: Final = """\
# What AWS offers where, as far as delivery.toml can ask for it. `make aws-data` writes this file from the pinned
# libraries below; a test compares it with them. `dated` is the date of cfn-lint's schemas. Open are: the regions in
# `unclear`, for which the two contradict each other; which region has which version; which zone sells what.

"""


def generate() -> str:
    """Return the whole file; raises ModuleNotFoundError without the development environment."""
    partition = next(one for one in _botocore("endpoints")["partitions"] if one["partition"] == "aws")
    regions: list[str] = sorted(partition["regions"])
    types = {region: found for region in regions if (found := _types(region)) is not None}
    lines = [
        f"dated = {_schemas('version')['schema_date'][:10]}",
        f'sources = "cfn-lint {version("cfn-lint")}, botocore {version("botocore")}"',
        f"regions = {_array(regions)}",
        f"unchecked_regions = {_array(region for region in regions if region not in types)}",
        f"log_retention_days = {_array(_log_retention())}",
    ]
    states = {service.name: _states(service, types, partition["services"], regions) for service in SERVICES}
    for state in ("absent", "unclear"):
        lines += ["", f"[{state}]"]
        for name, found in states.items():
            if there := [region for region, its in found.items() if its == state]:
                lines.append(f'"{name}" = {_array(there)}')
    lines += ["", "[zones]", *(f'{region} = "{letters}"' for region, letters in _zones(regions).items())]
    lines += ["", "[versions]", *(f"{engine} = {_array(found)}" for engine, found in _versions().items())]
    lines += ["", "[fargate_memory_by_cpu]", *(f"{cpu} = {_array(memory)}" for cpu, memory in _fargate().items())]
    lines += ["", "[families]"]
    lines += _families("database", _database_classes(regions), regions)
    lines += _families("cache", _cache_node_types(regions), regions)
    return HEAD + "\n".join(lines) + "\n"


def _file(package: str, name: str) -> str:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed; make aws-data needs the development environment")
    return (Path(spec.origin).parent / name).read_text(encoding="utf-8")


def _data(package: str, name: str) -> Any:
    return json.loads(_file(package, f"data/{name}.json"))


def _botocore(name: str) -> Any:
    return _data("botocore", name)


@cache
def _schemas(name: str) -> Any:
    return _data("cfnlint", f"schemas/{name}")


def _types(region: str) -> frozenset[str] | None:
    """Return the resource types of CloudFormation in a region; None if cfn-lint does not know the region."""
    try:
        return frozenset(_schemas(f"providers/{region}"))
    except FileNotFoundError:
        return None


def _states(
    service: Service, types: Mapping[str, frozenset[str]], endpoints: Mapping[str, Any], regions: Iterable[str]
) -> dict[str, str]:
    """Return for each region whether the service is `present` or `absent`, or the sources are `unclear`."""
    found = {}
    for region in regions:
        answers = []
        if region in types:
            answers.append(set(service.types) <= types[region])
        if service.endpoint is not None:
            answers.append(region in endpoints[service.endpoint]["endpoints"])
        found[region] = "unclear" if len(set(answers)) > 1 else "absent" if answers and not answers[0] else "present"
    return found


def _log_retention() -> list[int]:
    schema = _schemas("providers/us-east-1")["AWS::Logs::LogGroup"]
    return _schemas(f"resources/{schema}")["properties"]["RetentionInDays"]["enum"]


def _zones(regions: Iterable[str]) -> dict[str, str]:
    """Return the letters of each region's availability zones."""
    (zones,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(_file("cfnlint", "helpers.py")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "AVAILABILITY_ZONES"
    )
    return {region: "".join(sorted(zone.removeprefix(region) for zone in zones[region])) for region in regions}


def _versions() -> dict[str, list[str]]:
    """Return the versions of each engine: of PostgreSQL, those of the major version that are not deprecated."""
    cases = _schemas("extensions/aws_elasticache_cachecluster/engine_version")["allOf"]
    caches = {
        asked["const"]: case["then"]["properties"]["EngineVersion"]["enum"]
        for case in cases
        if (asked := case["if"]["properties"]["Engine"]).get("const") in ("redis", "valkey")
    }
    return {"postgres": _postgres_versions(), **caches}


def _postgres_versions() -> list[str]:
    known, deprecated = (
        _of_postgres(f"extensions/aws_rds_dbinstance/engine_version{suffix}", condition)
        for suffix, condition in (("", "then"), ("_deprecated", "if"))
    )
    of_major = {one for one in known - deprecated if re.fullmatch(rf"{POSTGRES}\.[0-9]+", one)}
    return sorted(of_major, key=lambda one: int(one.partition(".")[2]))


def _of_postgres(name: str, where: str) -> set[str]:
    return {
        one
        for case in _schemas(name)["allOf"]
        if case["if"]["properties"]["Engine"].get("const") == "postgres"
        for one in case[where]["properties"]["EngineVersion"]["enum"]
    }


def _fargate() -> dict[int, list[int]]:
    rule = _schemas("extensions/aws_ecs_taskdefinition/fargate_cpu_memory")
    sizes: dict[int, list[int]] = {}
    for pair in rule["then"]["anyOf"]:
        (cpu,) = pair["properties"]["Cpu"]["then"]["enum"]
        memory = pair["properties"]["Memory"]["then"]
        sizes[int(cpu)] = memory.get("enum") or list(
            range(memory["minimum"], memory["maximum"] + 1, memory["multipleOf"])
        )
    return sizes


def _database_classes(regions: Iterable[str]) -> dict[str, set[str]]:
    """Return the classes sold in each region that run the newest release of the major version."""
    newest = re.escape(_postgres_versions()[-1])
    able = {
        one
        for case in _schemas("extensions/aws_rds_dbinstance/db_instance_class")["allOf"]
        if (asked := case["if"]["properties"])["Engine"].get("const") == "postgres"
        and newest in asked["EngineVersion"]["pattern"]
        for one in case["then"]["properties"]["DBInstanceClass"]["enum"]
    }
    prices = _schemas("extensions/aws_rds_dbinstance/dbinstanceclass_enum")
    return {
        region: able.intersection(
            one
            for case in prices[region]["allOf"]
            if case["if"]["properties"]["Engine"].get("const") == "postgres"
            for one in case["then"]["properties"]["DBInstanceClass"]["enum"]
        )
        for region in regions
    }


def _cache_node_types(regions: Iterable[str]) -> dict[str, set[str]]:
    prices = _schemas("extensions/aws_elasticache_cachecluster/cachenodetype_enum")
    return {
        region: {
            one for one in prices[region]["enum"] if one.split(".")[1] != DATA_TIERING and one != WITHOUT_ENCRYPTION
        }
        for region in regions
    }


def _families(kind: str, sold: Mapping[str, set[str]], regions: Iterable[str]) -> Iterator[str]:
    """Yield an array with a table for each family of classes: its sizes, and the regions that sell them or do not."""
    everywhere = list(regions)
    by_family: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for region in everywhere:
        sizes: dict[str, list[str]] = {}
        for one in sold[region]:
            family, _, size = one.rpartition(".")
            sizes.setdefault(family, []).append(size)
        for family, its in sizes.items():
            by_family.setdefault((family, tuple(sorted(its, key=_size_order))), []).append(region)
    yield f"{kind} = ["
    for (family, its), there in sorted(by_family.items()):
        elsewhere = [region for region in everywhere if region not in there]
        where = f", in = {_array(there)}" if len(there) < len(elsewhere) else ""
        where = where or (f", not_in = {_array(elsewhere)}" if elsewhere else "")
        yield f'  {{ name = "{family}", sizes = {_array(its)}{where} }},'
    yield "]"


def _size_order(size: str) -> tuple[int, int]:
    return (SIZES.index(size), 0) if size in SIZES else (len(SIZES), int(size.removesuffix("xlarge")))


def _array(values: Iterable[object]) -> str:
    return json.dumps(list(values))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(generate(), encoding="utf-8")
