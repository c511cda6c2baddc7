"""Checks for stacks of this project that no release contains: of environments that moved, were renamed or removed."""

import json
from collections.abc import Iterator
from typing import Any, Final

from cloud_assembly import PIPELINE, environment_tag
from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, note, to_fix

PREFIX: Final = "yawl-"
"""The beginning of all stack names of this project."""
NOT_RELEASED: Final = frozenset({"yawl-execution-policies"})
"""Stacks that `make bootstrap` deploys (execution_policies/generate.py)."""
LOOKUP_ROLE: Final = "cdk-hnb659fds-lookup-role-{account}-"
"""The beginning of the names of an account's lookup roles; the region follows."""


def check_left_behind(context: CheckContext) -> Iterator[Finding]:
    """List the stacks in this region and, once for an account, in its other regions with a CDK bootstrap."""
    for environment, names, region in stacks_left_behind(context):
        yield _finding(environment, names, region)


def stacks_left_behind(context: CheckContext) -> Iterator[tuple[str, list[str], str]]:
    """Yield each environment, empty if its stacks have no tag, with the names of its stacks and their region.

    The name only says that a stack may be of this project; to which environment it belongs, its tags say.
    """
    here = context.aws_environment
    known = {(stack.region, stack.name) for stack in context.assembly.stacks if stack.account == here.account}
    for region in [here.region, *_other_regions(context)]:
        client = context.client("cloudformation", region)
        by_environment: dict[str, list[str]] = {}
        for name in _names(client):
            if (region, name) not in known and name not in NOT_RELEASED:
                by_environment.setdefault(_environment(client, name), []).append(name)
        for environment, names in sorted(by_environment.items()):
            yield environment, names, region


def _other_regions(context: CheckContext) -> Iterator[str]:
    here = context.aws_environment
    places = [one for one in context.assembly.aws_environments if one.account == here.account]
    if places[0] != here:
        return
    prefix = LOOKUP_ROLE.format(account=here.account)
    pages = context.client("iam", here.region).get_paginator("list_roles").paginate()
    names = (role["RoleName"] for page in pages for role in page["Roles"])
    regions = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    yield from sorted(regions - {one.region for one in places})


def _names(client: Any) -> list[str]:
    pages = client.get_paginator("describe_stacks").paginate()
    return sorted(
        stack["StackName"]
        for page in pages
        for stack in page["Stacks"]
        if stack["StackName"].startswith(PREFIX) and stack["StackStatus"] != "DELETE_COMPLETE"
    )


def _environment(client: Any, name: str) -> str:
    body = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    try:
        template = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        # YAML: not of the CDK.
        return ""
    tag = environment_tag(template)
    is_pipeline = any(resource["Type"] == PIPELINE for resource in template.get("Resources", {}).values())
    return PIPELINE if is_pipeline else tag if tag and name.startswith(f"{PREFIX}{tag}-") else ""


def _finding(environment: str, names: list[str], region: str) -> Finding:
    listed = ", ".join(names)
    if environment == PIPELINE:
        return to_fix(
            f"{region} has another pipeline: {listed}",
            "if it was to move, see “Moving the pipeline” in docs/DEPLOYMENT_GUIDE.md: two would deliver to the same "
            "environments",
        )
    if not environment:
        return note(
            f"{region} has stacks that no release contains and that have no environment's tag: {listed}",
            "none if they are somebody else's; otherwise delete them by hand",
        )
    return note(
        f"{region} has stacks of {environment} that no release contains: {listed}",
        "keep what you need, then see “Moving an environment” in docs/DEPLOYMENT_GUIDE.md",
    )
