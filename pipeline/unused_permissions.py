"""Permissions the library gives every build, and ours do not use."""

import json
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam


def remove_unused_permissions(policy: iam.CfnPolicy, *, reports: bool) -> None:
    """Take from a build's policy what it has no use for.

    That is: CodeBuild's default log groups, as each project has its own; starting any build of the account, as the
    pipeline starts them; and, without `reports`, test reports. The policy must be complete: nothing can be granted
    through it afterwards.
    """
    document = Stack.of(policy).resolve(policy.policy_document)
    used = [statement for statement in document["Statement"] if not _is_unused(statement, reports=reports)]
    policy.policy_document = {**document, "Statement": used}


def _is_unused(statement: dict[str, Any], *, reports: bool) -> bool:
    resources = json.dumps(statement["Resource"])
    return (
        ":log-group:/aws/codebuild/" in resources
        or ("codebuild:StartBuild" in statement["Action"] and statement["Resource"] == "*")
        or (":report-group/" in resources and not reports)
    )
