"""A pipeline that the release has elsewhere than AWS is noticed before the push."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cloud_assembly import Assembly, Stack
from jobs.change_review.deployed_stacks import Denied, Reader
from jobs.change_review.moved_pipeline import former_place

OLD, NEW, EAST, WEST = "111111111111", "999999999999", "us-east-1", "us-west-2"
PIPELINE = Stack(
    name="yawl-delivery",
    account=NEW,
    region=EAST,
    template={"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline"}}},
)


def network(pipeline_account: str, *, stage: str | None = "Dev", name: str = "yawl-dev-network") -> Stack:
    trusted = f"arn:aws:iam::{pipeline_account}:role/yawl-delivery-NotificationsNotifierRole*"
    trust = {"Condition": {"ArnLike": {"aws:PrincipalArn": [trusted]}}}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}}}
    return Stack(name=name, account="2", region=EAST, template={"Resources": {"R": role}}, stage=stage)


class Deployed:
    """Answers for AWS."""

    def __init__(self, *stacks: Stack, denied: str = "") -> None:
        self.stacks = stacks
        self.denied = denied

    def template(self, stack: Stack) -> Any:
        if stack.account == self.denied:
            raise Denied("AccessDenied")
        place = stack.name, stack.aws_environment
        return next((one.template for one in self.stacks if (one.name, one.aws_environment) == place), None)

    def bootstrapped_regions(self, _: Stack) -> list[str]:
        return [EAST, WEST]


ELSEWHERE = replace(PIPELINE, region=WEST)
CASES = {
    "where it is": (Deployed(PIPELINE, network(NEW)), None),
    "nothing is deployed yet": (Deployed(), None),
    "first deployment of the pipeline failed": (Deployed(network(NEW)), None),
    "another region": (Deployed(ELSEWHERE, network(NEW)), f"{NEW}/{WEST}"),
    "another account": (Deployed(network(OLD)), OLD),
    "another account, with its credentials": (Deployed(network(OLD), denied=NEW), OLD),
    "a second one was created already": (Deployed(PIPELINE, network(OLD)), None),
}


@pytest.mark.parametrize(("deployed", "found"), CASES.values(), ids=CASES)
def test_where_the_pipeline_was(deployed: Deployed, found: str | None) -> None:
    whole = Assembly(Path(), (PIPELINE, network(NEW)))
    assert former_place(whole, cast(Reader, deployed)) == found


SILENT = replace(network(NEW, name="yawl-dev-storage"), template={"Resources": {}})


@pytest.mark.parametrize("released", [SILENT, network(NEW, stage=None, name="yawl-dev-storage")])
def test_only_stacks_of_environments_that_trust_the_pipeline_say_where_it_was(released: Stack) -> None:
    deployed = Deployed(network(OLD, name="yawl-dev-storage"))
    assert former_place(Assembly(Path(), (PIPELINE, released)), cast(Reader, deployed)) is None


def test_first_of_several_accounts_is_named() -> None:
    both = network(OLD, name="yawl-prod-network"), network("000000000000")
    whole = Assembly(Path(), (PIPELINE, network(NEW, name="yawl-prod-network"), network(NEW)))
    assert former_place(whole, cast(Reader, Deployed(*both))) == OLD


def test_denied_access_is_not_taken_for_a_pipeline_that_stays() -> None:
    with pytest.raises(Denied):
        former_place(Assembly(Path(), (PIPELINE, network(NEW))), cast(Reader, Deployed(network(NEW), denied=NEW)))
