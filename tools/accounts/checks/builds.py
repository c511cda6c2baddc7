"""Checks that CodeBuild's quotas allow the pipeline's concurrent builds."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from cloud_assembly import PIPELINE, Stack
from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, to_fix, unchecked

PROJECT: Final = "AWS::CodeBuild::Project"
SIZES: Final = {
    "BUILD_GENERAL1_SMALL": "Small",
    "BUILD_GENERAL1_MEDIUM": "Medium",
    "BUILD_GENERAL1_LARGE": "Large",
    "BUILD_GENERAL1_XLARGE": "XLarge",
    "BUILD_GENERAL1_2XLARGE": "2XLarge",
}
KINDS: Final = {"LINUX_CONTAINER": "Linux", "ARM_CONTAINER": "ARM", "LINUX_GPU_CONTAINER": "Linux GPU"}


def check_builds(context: CheckContext) -> Iterator[Finding]:
    """Compare the number of concurrent builds with the quota of each compute type.

    The quotas are found by name (CodeBuild User Guide, "Quotas"). AWS sets them "by internal metrics": a new account
    may have 0 or 1. Builds over the limit are queued; with a limit of 0 they fail.
    """
    needed = _concurrent_builds(context.assembly.pipeline)
    quotas = _quotas(context.regional_client("service-quotas")) if needed else {}
    for machine, number in sorted(needed.items()):
        name = f"Concurrently running builds for {machine} environment"
        quota = quotas.get(name.lower())
        if quota is None:
            yield unchecked(
                f"Service Quotas has no quota named “{name}”",
                f"look for it under AWS CodeBuild; the pipeline runs {number} concurrent builds",
            )
            continue
        limit = quota["Value"]
        stands = f"concurrent CodeBuild builds on {machine}: {number} needed, {limit:g} allowed"
        if number <= limit:
            yield good(stands)
        else:
            yield to_fix(
                stands,
                "AWS_PROFILE=… aws service-quotas request-service-quota-increase --service-code codebuild "
                f"--quota-code {quota['QuotaCode']} --desired-value {number} --region {context.aws_environment.region}",
            )


def _concurrent_builds(pipeline: Stack) -> Counter[str]:
    """Return the largest number of concurrent builds in one stage, by compute type."""
    projects = {name: _machine(properties["Environment"]) for name, properties in pipeline.of_type(PROJECT)}
    most: Counter[str] = Counter()
    for _, properties in pipeline.of_type(PIPELINE):
        for stage in properties["Stages"]:
            together: Counter[tuple[int, str]] = Counter()
            for action in stage["Actions"]:
                project = action["Configuration"].get("ProjectName")
                if action["ActionTypeId"]["Provider"] == "CodeBuild" and isinstance(project, dict):
                    together[action.get("RunOrder", 1), projects[project["Ref"]]] += 1
            for (_order, machine), number in together.items():
                most[machine] = max(most[machine], number)
    return most


def _machine(environment: dict[str, Any]) -> str:
    kind, size = environment["Type"], environment["ComputeType"]
    return f"{KINDS.get(kind, kind)}/{SIZES.get(size, size)}"


def _quotas(client: Any) -> dict[str, Any]:
    """Return CodeBuild's quotas by name; the account's values override AWS's defaults."""
    found: dict[str, Any] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for page in client.get_paginator(operation).paginate(ServiceCode="codebuild"):
            found |= {quota["QuotaName"].lower(): quota for quota in page["Quotas"]}
    return found
