"""Stacks that are left behind: whose they are, where they are looked for, and what the review says of them."""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from cloud_assembly import AwsEnvironment, Stack, environment_tag
from jobs.change_review.deployed_stacks import Denied, Reader
from jobs.change_review.differences import Comparer
from jobs.change_review.left_behind.collisions import collisions
from jobs.change_review.left_behind.search import LeftBehind, Release, describe, left_behind

COMPARER = Comparer()
ACCOUNT, OTHER, HOME = "444444444444", "555555555555", "111111111111"
EAST, WEST, EUROPE = "us-east-1", "us-west-2", "eu-west-1"
DATABASE: dict[str, Any] = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {
        "Engine": "postgres",
        "DBInstanceClass": "db.t3.small",
        "AllocatedStorage": "20",
        "StorageType": "gp3",
    },
}


@pytest.fixture(scope="module", autouse=True)
def comparing() -> Generator[None, None, None]:
    with COMPARER:
        yield


def stack(name: str, tag: str, region: str = EAST, account: str = ACCOUNT, **resources: dict[str, Any]) -> Stack:
    tagged = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": [{"Key": "Environment", "Value": tag}]}}
    return Stack(
        name=name,
        account=account,
        region=region,
        stage=tag.capitalize(),
        template={"Resources": {"Tagged": tagged, **resources}},
        lookup_role_arn=f"arn:aws:iam::{account}:role/cdk-hnb659fds-lookup-role-{account}-{region}",
    )


def pipeline(region: str = EAST) -> Stack:
    definition = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "yawl-delivery"}}
    return replace(stack("yawl-delivery", "delivery", region, HOME, Pipeline=definition), stage=None)


def release(*stacks: Stack) -> Release:
    tags = {environment_tag(one.template) or "" for one in stacks if one.stage}
    names = [tag for tag in tags if not tag.endswith((EAST, WEST, EUROPE))]
    return Release(tuple(stacks), tuple(sorted(names, key=len, reverse=True)), pipeline())


@dataclass
class Deployed:
    """Answers for AWS: what is deployed, where there are bootstraps, and what the pipeline has deployed before."""

    stacks: tuple[Stack, ...]
    regions: Mapping[str, list[str]] = field(default_factory=dict)
    history: frozenset[tuple[AwsEnvironment, str]] = frozenset()
    denied: frozenset[AwsEnvironment] = frozenset()

    def deployed_by(self, _: Stack) -> frozenset[tuple[AwsEnvironment, str]]:
        return self.history

    def bootstrapped_regions(self, one: Stack) -> list[str]:
        return self.regions.get(one.account, [one.region])

    def stacks_at(self, one: Stack, prefix: str) -> list[str]:
        if one.aws_environment in self.denied:
            raise Denied("AccessDenied")
        account = (one.lookup_role_arn or "").split(":")[4]
        assert account == one.account, "it is read through a role of its own account"
        there = (its.name for its in self.stacks if its.aws_environment == one.aws_environment)
        return [name for name in there if name.startswith(prefix)]

    def deployed(self, one: Stack) -> Stack:
        return next(its for its in self.stacks if (its.aws_environment, its.name) == (one.aws_environment, one.name))


def found(
    environment: str, released: Release, deployed: Deployed, *, removed: bool = False
) -> dict[tuple[str, str, str], list[str]]:
    """Names of the stacks that are left behind, by environment, account and region."""
    own = [one for one in released.stacks if released.owner(environment_tag(one.template) or "") == environment]
    left, denied = left_behind(environment, own, released, cast(Reader, deployed), removed=removed)
    assert not denied
    return {(one.name, one.place.account, one.place.region): [its.name for its in one.stacks] for one in left}


SIBLINGS = {
    "another environment in the account": stack("yawl-prod-us-network", "prod-us"),
    "its copies in the region of this one": stack("yawl-prod-us-recovery-copies", "prod-us"),
    "a further region": stack("yawl-prod-us-west-2-network", "prod-us-west-2", WEST),
    "a sibling in another region, whose firewall is here": stack("yawl-prod-dr-firewall", "prod-dr"),
}


@pytest.mark.parametrize("sibling", SIBLINGS.values(), ids=SIBLINGS)
def test_live_stack_is_never_left_behind_whatever_its_name_begins_with(sibling: Stack) -> None:
    prod = stack("yawl-prod-network", "prod")
    there = Deployed((prod, sibling), regions={ACCOUNT: [EAST, WEST]})
    assert found("prod", release(prod, sibling), there, removed=True) == {}


def test_of_two_environments_in_one_account_each_review_names_its_own_former_stacks() -> None:
    prod, us = stack("yawl-prod-network", "prod"), stack("yawl-prod-us-network", "prod-us")
    former = stack("yawl-prod-cache", "prod"), stack("yawl-prod-us-cache", "prod-us")
    there = Deployed((prod, us, *former))
    assert found("prod", release(prod, us), there) == {("prod", ACCOUNT, EAST): ["yawl-prod-cache"]}
    assert found("prod-us", release(prod, us), there) == {("prod-us", ACCOUNT, EAST): ["yawl-prod-us-cache"]}


def test_environment_that_moved_to_another_region_is_found_in_its_old_one() -> None:
    new, old = stack("yawl-prod-network", "prod", EUROPE), stack("yawl-prod-network", "prod", EAST)
    there = Deployed((old,), regions={ACCOUNT: [EAST, EUROPE]})
    assert found("prod", release(new), there) == {("prod", ACCOUNT, EAST): ["yawl-prod-network"]}


def test_further_region_that_was_given_up_is_found() -> None:
    prod, old = stack("yawl-prod-network", "prod"), stack("yawl-prod-us-west-2-network", "prod-us-west-2", WEST)
    there = Deployed((prod, old), regions={ACCOUNT: [EAST, WEST]})
    assert found("prod", release(prod), there) == {("prod-us-west-2", ACCOUNT, WEST): ["yawl-prod-us-west-2-network"]}


def test_environment_that_moved_to_another_account_is_found_by_the_pipelines_history() -> None:
    new, old = stack("yawl-prod-network", "prod"), stack("yawl-prod-network", "prod", WEST, OTHER)
    there = Deployed((old,), history=frozenset({(AwsEnvironment(OTHER, WEST), "yawl-prod-network")}))
    assert found("prod", release(new), there) == {("prod", OTHER, WEST): ["yawl-prod-network"]}


@pytest.mark.parametrize("account", [ACCOUNT, OTHER])
def test_removed_or_renamed_environment_is_found_by_the_first_review_only(account: str) -> None:
    dev, old = stack("yawl-dev-network", "dev"), stack("yawl-qa-network", "qa", EAST, account)
    there = Deployed((dev, old), history=frozenset({(AwsEnvironment(account, EAST), "yawl-qa-network")}))
    assert found("dev", release(dev), there, removed=True) == {("qa", account, EAST): ["yawl-qa-network"]}
    assert found("dev", release(dev), there) == {}


def test_pipeline_that_was_moved_is_found_by_the_first_review_but_not_its_artifact_stores() -> None:
    dev, old, store = (
        stack("yawl-dev-network", "dev"),
        pipeline(WEST),
        stack("yawl-delivery-eu", "delivery", EAST, HOME),
    )
    there = Deployed((dev, pipeline(), old, store), regions={HOME: [EAST, WEST], ACCOUNT: [EAST]})
    released = release(dev, pipeline())
    assert found("dev", released, there, removed=True) == {("delivery", HOME, WEST): ["yawl-delivery"]}
    assert found("dev", released, there) == {}
    left = LeftBehind(name="delivery", owner=None, place=old.aws_environment, stacks=(old,))
    finding = describe(left, [dev], COMPARER)
    assert finding.title == f"another pipeline is in {HOME}, {WEST}, and would deliver to the same places"
    assert finding.details[-1] == "what to do: docs/DEPLOYMENT_GUIDE.md, “Moving the pipeline”"


def test_what_is_left_behind_after_artifact_stores_is_found_too() -> None:
    """The stores' own tag comes first."""
    dev, store, old = (
        stack("yawl-dev-network", "dev"),
        stack("yawl-delivery-eu", "delivery", EAST, HOME),
        stack("yawl-qa-network", "qa", EAST, HOME),
    )
    there = Deployed((dev, pipeline(), store, old))
    assert found("dev", release(dev, pipeline()), there, removed=True) == {("qa", HOME, EAST): ["yawl-qa-network"]}


def test_domain_name_of_a_distribution_belongs_to_one_of_all_accounts() -> None:
    """Other types may have a property of the same name."""

    def aliased(kind: str, *names: str) -> dict[str, Any]:
        return {"Type": kind, "Properties": {"DistributionConfig": {"Aliases": list(names)}}}

    distribution = "AWS::CloudFront::Distribution"
    old = stack("yawl-prod-distribution", "prod", One=aliased(distribution, "a.example", "b.example"))
    new = [
        stack("yawl-prod-distribution", "prod", EAST, OTHER, Two=aliased(distribution, "c.example", "b.example")),
        stack(
            "yawl-prod-edge", "prod", EAST, OTHER, Three=aliased("AWS::CloudFront::StreamingDistribution", "a.example")
        ),
    ]
    assert [line.partition(",")[0] for line in collisions(old, new, {})] == [
        f"collides: {distribution} b.example (One of yawl-prod-distribution) is also Two of yawl-prod-distribution"
    ]
    assert list(collisions(new[1], [old], {})) == []


def test_copies_that_moved_are_found_in_their_old_region() -> None:
    prod, copies = stack("yawl-prod-network", "prod"), stack("yawl-prod-recovery-copies", "prod", EUROPE)
    there = Deployed(
        (prod, replace(copies, region=WEST, lookup_role_arn=prod.lookup_role_arn)), {ACCOUNT: [EAST, WEST]}
    )
    assert found("prod", release(prod, copies), there) == {("prod", ACCOUNT, WEST): ["yawl-prod-recovery-copies"]}


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("yawl-prod-network", "prod"),
        ("yawl-prod-recovery-copies", "prod"),
        ("yawl-prod-eu-west-1-network", "prod"),
        ("yawl-prod-eu-network", "prod-eu"),
        ("yawl-prod-eu-eu-west-1-network", "prod-eu"),
        ("yawl-prod-us-network", None),
        ("yawl-product-network", None),
    ],
)
def test_owner_of_a_stack_that_cannot_be_read_is_told_by_its_whole_name(name: str, owner: str | None) -> None:
    assert Release((), ("prod-eu", "prod"), None).owner_by_name(name) == owner


@pytest.mark.parametrize(
    "stranger",
    [
        stack("yawl-delivery", "delivery"),
        stack("yawl-execution-policies", ""),
        stack("yawl-prod-experiments", "somebody-elses"),
        replace(stack("yawl-prod-notes", "prod"), template={"Resources": {}}),
    ],
    ids=lambda one: one.name,
)
def test_what_the_tag_does_not_give_to_an_environment_is_not_claimed(stranger: Stack) -> None:
    prod = stack("yawl-prod-network", "prod")
    assert found("prod", release(prod, pipeline()), Deployed((prod, stranger)), removed=True) == {}


def test_where_access_is_denied_the_review_says_that_it_does_not_know() -> None:
    prod, place = stack("yawl-prod-network", "prod"), AwsEnvironment(OTHER, WEST)
    there = Deployed((prod,), history=frozenset({(place, "yawl-prod-cache")}), denied=frozenset({place}))
    left, [finding] = left_behind("prod", [prod], release(prod), cast(Reader, there), removed=False)
    assert left == []
    assert "not known, because AWS denied access" in finding.title
    assert finding.details == ("stacks: yawl-prod-cache", "AccessDenied")
    # A region that merely has a bootstrap, and where nothing is known to have been, stops nothing.
    nothing = Deployed((prod,), regions={ACCOUNT: [EAST, WEST]}, denied=frozenset({AwsEnvironment(ACCOUNT, WEST)}))
    assert left_behind("prod", [prod], release(prod), cast(Reader, nothing), removed=False) == ([], [])


def test_finding_names_stacks_data_cost_and_what_collides() -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "yawl-prod-bake"}}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "yawl-prod-high"}}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "yawl-prod-files"}}
    old = stack("yawl-prod-network", "prod", EAST, Database=DATABASE, Role=role, Topic=topic, Bucket=bucket)
    new = stack("yawl-prod-network", "prod", EUROPE, BakeRole=role, Topic=topic, Files=bucket)
    left = LeftBehind(name="prod", owner="prod", place=old.aws_environment, stacks=(old,))
    finding = describe(left, [new], COMPARER)
    assert finding.title == f"prod is no longer in {ACCOUNT}, {EAST}, and 1 stack is left behind there"
    text = "\n".join(finding.details)
    assert "stacks: yawl-prod-network" in text
    [costs] = [line for line in finding.details if line.startswith("costs: ")]
    assert re.match(r"costs: (about|at least) \$\d+\.\d\d a month, the largest: Database .* \$\d+\.\d\d, ", costs), (
        costs
    )
    assert "holds: Database (AWS::RDS::DBInstance) of yawl-prod-network; deleting it loses its data" in text
    # Names of roles are unique in an account, of buckets in the world, of topics in a region only.
    collide = [line for line in finding.details if line.startswith("collides: ")]
    assert [line.split(" (")[0] for line in collide] == [
        "collides: AWS::IAM::Role yawl-prod-bake",
        "collides: AWS::S3::Bucket yawl-prod-files",
    ]


@pytest.mark.parametrize(
    ("owner", "new", "title"),
    [
        (
            None,
            stack("yawl-dev-network", "dev"),
            "qa is no longer in delivery.toml, removed or renamed, and 1 stack is",
        ),
        ("qa", stack("yawl-qa-network", "qa"), "1 stack is no longer part of qa, and left behind in"),
        ("qa", stack("yawl-qa-network", "qa", WEST), f"qa is no longer in {ACCOUNT}, {EAST}, and 1 stack is left"),
    ],
)
def test_title_says_how_the_stacks_came_to_be_left(owner: str | None, new: Stack, title: str) -> None:
    old = stack("yawl-qa-cache", "qa")
    left = LeftBehind(name="qa", owner=owner, place=old.aws_environment, stacks=(old,))
    assert describe(left, [new], COMPARER).title.startswith(title)


def test_another_set_of_stacks_is_another_change() -> None:
    one, two = stack("yawl-qa-cache", "qa"), stack("yawl-qa-network", "qa")
    place = one.aws_environment
    changes = {
        describe(LeftBehind(name="qa", owner=None, place=where, stacks=stacks), [], COMPARER).change
        for where, stacks in [(place, (one,)), (place, (one, two)), (AwsEnvironment(OTHER, WEST), (one,))]
    }
    assert len(changes) == 3


def test_folder_without_an_assembly_stands_for_itself(tmp_path: Path) -> None:
    prod = stack("yawl-prod-network", "prod")
    assert Release.read(tmp_path, "prod", [prod]) == Release((prod,), ("prod",), None)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ([{"Key": "Owner", "Value": "us"}, {"Key": "Environment", "Value": "prod"}], "prod"),
        ({"Environment": "prod"}, "prod"),
        ([{"Key": "Environment", "Value": {"Ref": "Name"}}], None),
        ([], None),
        (None, None),
    ],
)
def test_environment_of_a_template_is_its_resources_tag(tags: Any, found: str | None) -> None:
    assert (
        environment_tag({"Resources": {"One": {"Type": "T", "Properties": {"Tags": tags}}, "Two": {"Type": "T"}}})
        == found
    )


def test_template_with_resources_of_two_environments_belongs_to_none() -> None:
    resources = {tag: stack("x", tag).template["Resources"]["Tagged"] for tag in ("one", "two")}
    assert environment_tag({"Resources": resources}) is None
