"""A delivery in which CloudFormation may do only what its stacks take, and every call is checked."""

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.engine.approvals import PresetApprover
from rehearsal.report.progress import Result, Status
from tests.example import EXAMPLE
from tests.rehearsal.end_to_end.conftest import HERE, PROD, SHORT_DEADLINE, Rehearsed, Repository, with_settings

DEV = "222222222222"
ACCOUNTS = ("111111111111", DEV, "333333333333", PROD)


@pytest.fixture(scope="session")
def least_privilege(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project with the setting."""
    text = EXAMPLE.read_text().replace("[pipeline]", '[pipeline]\nexecution = "least-privilege"', 1)
    return with_settings(text + SHORT_DEADLINE, tmp_path_factory)


def attached(rehearsed: Rehearsed, account: str) -> list[str]:
    """Return the policies of CloudFormation's role in the account."""
    assert rehearsed.rehearsal.cloud is not None
    iam = rehearsed.rehearsal.cloud.in_account("iam", AwsEnvironment(account, HERE))
    role = f"cdk-hnb659fds-cfn-exec-role-{account}-{HERE}"
    return sorted(one["PolicyName"] for one in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"])


def test_delivery_under_generated_policies_and_review_of_missing_permissions(
    least_privilege: Repository,
) -> None:
    with least_privilege.rehearse() as rehearsed:
        assert rehearsed.result is Result.SUCCEEDED, rehearsed.progress.reason
        for account in ACCOUNTS:
            policies = attached(rehearsed, account)
            assert policies == [f"yawl-execution-{number}" for number in range(1, len(policies) + 1)]

        assert rehearsed.rehearsal.cloud is not None
        iam = rehearsed.rehearsal.cloud.in_account("iam", AwsEnvironment(DEV, HERE))
        iam.detach_role_policy(
            RoleName=f"cdk-hnb659fds-cfn-exec-role-{DEV}-{HERE}",
            PolicyArn=f"arn:aws:iam::{DEV}:policy/yawl-execution-1",
        )
        rehearsed.deliver_again(approver=PresetApprover(answer=True))
        assert rehearsed.result is Result.FAILED
        assert rehearsed.statuses("Dev") == {Status.WAITING}
        assert f"make bootstrap ARGS='--least-privilege --account {DEV}'" in rehearsed.log("DevReview/ReviewChanges")
