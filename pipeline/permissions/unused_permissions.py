"""Removes permissions that the library gives every build and ours do not use."""

import json
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

ENCRYPTION: Final = ("kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
"""What encrypting an output artifact takes (CodeBuild User Guide, "Encrypt build outputs")."""


def remove_unused_permissions(policy: iam.CfnPolicy, *, reports: bool = False, output: bool = False) -> None:
    """Remove what a build does not use from its policy.

    That is: CodeBuild's default log groups, as each project has its own; starting any build of the account, as the
    pipeline starts them; without `reports`, test reports; and, without an `output` artifact, encryption. The policy
    must be complete: nothing can be granted through it afterwards.
    """
    document = Stack.of(policy).resolve(policy.policy_document)
    used = [statement for statement in document["Statement"] if not _is_unused(statement, reports=reports)]
    if not output:
        used = [_without_encryption(statement) for statement in used]
    policy.policy_document = {**document, "Statement": used}


def _without_encryption(statement: dict[str, Any]) -> dict[str, Any]:
    actions = statement["Action"]
    if isinstance(actions, str):
        return statement
    return {**statement, "Action": [action for action in actions if action not in ENCRYPTION]}


def _is_unused(statement: dict[str, Any], *, reports: bool) -> bool:
    resources = json.dumps(statement["Resource"])
    return (
        ":log-group:/aws/codebuild/" in resources
        or ("codebuild:StartBuild" in statement["Action"] and statement["Resource"] == "*")
        or (":report-group/" in resources and not reports)
    )
