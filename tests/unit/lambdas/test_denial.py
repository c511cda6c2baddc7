"""The notice of a denied call: the action, and the command that allows it."""

import pytest

from lambdas.delivery_events.denial import grant

EXECUTION = (
    "Topic: User: arn:aws:sts::222222222222:assumed-role/cdk-hnb659fds-cfn-exec-role-222222222222-us-east-1/"
    "AWSCloudFormation is not authorized to perform: sns:CreateTopic on resource: "
    "arn:aws:sns:us-east-1:222222222222:yawl-dev-high because no identity-based policy allows it"
)
OWN_ROLE = (
    "User: arn:aws:sts::222222222222:assumed-role/yawl-dev-storage-CheckObjectRole-1A2B/yawl-dev-storage-CheckObject "
    "is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::one/two because no {} allows it"
)


@pytest.mark.parametrize(
    ("text", "action"),
    [(EXECUTION, "sns:CreateTopic"), (OWN_ROLE.format("permissions boundary"), "s3:PutObject")],
    ids=["CloudFormation", "a role within its boundary"],
)
def test_denial_names_the_action_and_the_command(text: str, action: str) -> None:
    assert grant(text).startswith(
        f" Allow {action}: make bootstrap ARGS='--least-privilege --account 222222222222'; if it is still denied, "
    )
    assert "pipeline.execution_actions" in grant(text)


@pytest.mark.parametrize(
    "text",
    [
        OWN_ROLE.format("identity-based policy"),
        EXECUTION.replace("because no identity-based policy allows", "with an explicit deny in"),
        "Database: DB instance already exists",
        "",
    ],
    ids=["a role whose own policy lacks it", "what an organization denies", "another failure", "nothing"],
)
def test_other_denials_are_unchanged(text: str) -> None:
    assert grant(text) == ""
