"""PostgreSQL's versions as AWS offers them: those cfn-lint's schemas know, where ministack has a handful of its own."""

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

from rehearsal.emulator.internals import rds


def register() -> None:
    """Let DescribeDBEngineVersions answer for PostgreSQL."""
    answer_above = rds._describe_engine_versions

    def answer(request: dict[str, Any]) -> Any:
        if rds._p(request, "Engine") != "postgres":
            return answer_above(request)
        wanted = rds._p(request, "EngineVersion")
        members = "".join(
            f"<DBEngineVersion><Engine>postgres</Engine><EngineVersion>{version}</EngineVersion></DBEngineVersion>"
            for version in _offered()
            if wanted in ("", version)
        )
        return rds._xml(
            200,
            "DescribeDBEngineVersionsResponse",
            "<DescribeDBEngineVersionsResult>"
            f"<DBEngineVersions>{members}</DBEngineVersions></DescribeDBEngineVersionsResult>",
        )

    rds._ACTION_MAP["DescribeDBEngineVersions"] = answer


def _offered() -> list[str]:
    known = _enumerated("engine_version.json", lambda rule: rule["then"]["properties"])
    gone = _enumerated("engine_version_deprecated.json", lambda rule: rule["if"]["properties"])
    # A version without its minor part is an alias, not one that can be described.
    return [version for version in known if "." in version and version not in gone]


def _enumerated(file: str, versions_in: Callable[[dict[str, Any]], dict[str, Any]]) -> list[str]:
    rules = resources.files("cfnlint.data.schemas.extensions").joinpath("aws_rds_dbinstance", file)
    for rule in json.loads(rules.read_text())["allOf"]:
        if rule["if"]["properties"]["Engine"].get("const") == "postgres":
            return versions_in(rule)["EngineVersion"]["enum"]
    raise ValueError(f"cfn-lint's {file} no longer tells the versions of postgres")
