"""Which resources hold something that a release must not lose without an acceptance."""

from collections.abc import Generator
from typing import Any

import pytest

from jobs.change_review.differences import Comparer, Difference, ResourceType
from jobs.change_review.stateful import HOLDS, HOLDS_NOTHING, _possible_loss, losses

COMPARER = Comparer()


@pytest.fixture(scope="module", autouse=True)
def comparing() -> Generator[None, None, None]:
    with COMPARER:
        yield


def removal(kind: str, **attributes: Any) -> Difference:
    [found] = COMPARER.compare([({"Resources": {"One": {"Type": kind, **attributes}}}, {"Resources": {}})])
    return found


def lost(kind: str, **attributes: Any) -> str:
    """What the removal of a resource loses, or an empty text."""
    return "".join(finding.title.partition("; this ")[2] for finding in losses("stack", removal(kind, **attributes)))


@pytest.mark.parametrize(
    "kind",
    [
        *("AWS::SQS::Queue", "AWS::EFS::FileSystem", "AWS::RDS::DBCluster", "AWS::Cognito::UserPool"),
        *("AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::SecretsManager::Secret", "AWS::KMS::Key"),
        # By the schemas only.
        *("AWS::Neptune::DBCluster", "AWS::Kinesis::Stream", "AWS::OpenSearchService::Domain", "AWS::FSx::FileSystem"),
        # By its generated address, private key or confirmed subscriptions.
        *("AWS::EC2::EIP", "AWS::EC2::KeyPair", "AWS::SNS::Topic"),
    ],
)
def test_what_holds_state_is_lost(kind: str) -> None:
    assert lost(kind).startswith("loses ")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("AWS::MemoryDB::Cluster", "may lose data, since its type has FinalSnapshotName"),
        ("AWS::Cassandra::Table", "may lose data, since its type has EncryptionSpecification"),
        ("AWS::S3Express::DirectoryBucket", "may lose data, since its type has BucketEncryption"),
        ("AWS::FromTomorrow::Store", "may lose what it holds, since AWS's resource schemas do not contain its type"),
        ("Custom::Store", "may lose what it holds, since AWS's resource schemas do not contain its type"),
    ],
)
def test_unknown_type_that_may_hold_data_is_named_with_the_reason(kind: str, why: str) -> None:
    assert lost(kind).startswith(why)


def test_three_properties_at_most_are_the_reason() -> None:
    names = ("KmsKeyId", "BackupWindow", "SnapshotName", "EncryptionKey")
    known = ResourceType(stateful=False, identifier=(), replacing=dict.fromkeys(names, "no"))
    reason = _possible_loss({}, known)
    assert reason == "may lose data, since its type has BackupWindow, EncryptionKey, KmsKeyId"


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate", "Snapshot"])
@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_what_its_own_template_protects_counts(attribute: str, policy: str) -> None:
    assert lost("AWS::IAM::Role", **{attribute: policy}) == f"may lose what its {attribute}, {policy}, protects"
    assert not lost("AWS::IAM::Role", **{attribute: "Delete"})


@pytest.mark.parametrize(
    "kind",
    [
        *("AWS::IAM::Role", "AWS::Lambda::Function", "AWS::ECS::TaskDefinition", "AWS::ECS::Service"),
        *("AWS::EC2::SecurityGroup", "AWS::CloudWatch::Alarm", "AWS::Events::Rule", "Custom::S3AutoDeleteObjects"),
    ],
)
def test_what_a_deployment_creates_again_is_no_loss(kind: str) -> None:
    assert not lost(kind)


def test_version_that_its_template_retains_holds_nothing() -> None:
    assert not lost("AWS::Lambda::Version", DeletionPolicy="Retain")


def test_tables_name_types_that_exist_and_do_not_contradict() -> None:
    kinds = [kind for kind in (*HOLDS, *HOLDS_NOTHING) if not kind.startswith("Custom::")]
    [found] = COMPARER.compare([({"Resources": {f"R{n}": {"Type": kind} for n, kind in enumerate(kinds)}}, {})])
    assert set(found.types) == set(kinds)
    assert not HOLDS.keys() & HOLDS_NOTHING
    assert not {kind for kind in HOLDS_NOTHING if (known := found.types.get(kind)) and known.stateful}
