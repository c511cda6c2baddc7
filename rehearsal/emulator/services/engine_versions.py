"""Versions of PostgreSQL and ElastiCache node types that AWS offers, from cfn-lint's schemas."""

import json
from collections.abc import Callable
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

from rehearsal.emulator.internals import elasticache, here, rds


def register() -> None:
    """Let DescribeDBEngineVersions answer for PostgreSQL."""
    original_answer = rds._describe_engine_versions

    def answer(request: dict[str, Any]) -> Any:
        if rds._p(request, "Engine") != "postgres":
            return original_answer(request)
        requested_version = rds._p(request, "EngineVersion")
        members = "".join(
            f"<DBEngineVersion><Engine>postgres</Engine><EngineVersion>{version}</EngineVersion></DBEngineVersion>"
            for version in _offered()
            if requested_version in ("", version)
        )
        return rds._xml(
            200,
            "DescribeDBEngineVersionsResponse",
            "<DescribeDBEngineVersionsResult>"
            f"<DBEngineVersions>{members}</DBEngineVersions></DescribeDBEngineVersionsResult>",
        )

    rds._ACTION_MAP["DescribeDBEngineVersions"] = answer
    original_handle = elasticache.handle_request

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        parameters = {name: values[0] for name, values in parse_qs((body or b"").decode("utf-8", "replace")).items()}
        if parameters.get("Action") == "DescribeReservedCacheNodesOfferings":
            return _reserved_nodes(parameters.get("CacheNodeType", ""))
        return await original_handle(method, path, headers, body, query)

    elasticache.handle_request = handle


def _reserved_nodes(size: str) -> Any:
    """Return one offering if the region has the node type, which is all that our callers check."""
    offered = resources.files("cfnlint.data.schemas.extensions").joinpath(
        "aws_elasticache_cachecluster", "cachenodetype_enum.json"
    )
    _, region = here()
    known = size in json.loads(offered.read_text()).get(region, {}).get("enum", [])
    member = f"<CacheNodeType>{size}</CacheNodeType><ProductDescription>redis</ProductDescription>"
    offering = f"<ReservedCacheNodesOffering>{member}</ReservedCacheNodesOffering>" if known else ""
    return elasticache._xml(
        200,
        "DescribeReservedCacheNodesOfferingsResponse",
        "<DescribeReservedCacheNodesOfferingsResult>"
        f"<ReservedCacheNodesOfferings>{offering}</ReservedCacheNodesOfferings>"
        "</DescribeReservedCacheNodesOfferingsResult>",
    )


def _offered() -> list[str]:
    known = _enumerated("engine_version.json", lambda rule: rule["then"]["properties"])
    gone = _enumerated("engine_version_deprecated.json", lambda rule: rule["if"]["properties"])
    # A version without its minor part is an alias, which DescribeDBEngineVersions does not return.
    return [version for version in known if "." in version and version not in gone]


def _enumerated(file: str, versions_in: Callable[[dict[str, Any]], dict[str, Any]]) -> list[str]:
    rules = resources.files("cfnlint.data.schemas.extensions").joinpath("aws_rds_dbinstance", file)
    for rule in json.loads(rules.read_text())["allOf"]:
        if rule["if"]["properties"]["Engine"].get("const") == "postgres":
            return versions_in(rule)["EngineVersion"]["enum"]
    raise ValueError(f"cfn-lint's {file} no longer lists the versions of postgres")
