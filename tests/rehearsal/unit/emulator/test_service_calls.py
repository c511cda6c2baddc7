"""What AWS's services do on our behalf, evaluated against the synthesized templates: nothing is refused."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.emulator.permissions import evaluation
from rehearsal.emulator.permissions.policy import managed_policy
from rehearsal.emulator.permissions.service_calls.account_policies import AccountPolicies
from rehearsal.emulator.permissions.service_calls.creation import creating_a_resource, handler_actions
from rehearsal.emulator.permissions.service_calls.resources import Resources
from rehearsal.emulator.permissions.service_calls.synthesized import Template, resources_of
from rehearsal.emulator.permissions.service_calls.table import TABLE, CallerKind, Row, ServiceCall, calls_of
from settings import Settings
from tests.shared_fixture import shared_fixture
from tests.unit.built_image import path_without_docker
from tests.unit.other_settings import elsewhere, small, synthesize
from tools.permissions_report import assembly as examined

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

APPS = ("example", "elsewhere", "small")
ROWS = {row.name: row for row in TABLE}
NOT_IN_OUR_APPS = {"delivering messages", "invoking a schedules target", "notifying of a budget"}
"""Rows about what no app of ours has, or has without permissions, such as mail; they have tests of their own below."""
KEPT_BY_AWS = {
    "attaching cache nodes",
    "delivering firewall logs",
    "publishing database logs",
    "running a service",
    "scaling a service",
}
"""Rows of service-linked roles, whose policies no template holds."""


class App:
    """One app's resources, with the calls that services make for them."""

    def __init__(self, folder: Path) -> None:
        resources = examined.read(folder)
        self.policies = AccountPolicies(resources, managed_policy)
        self.calls = list(calls_of(resources, examined.ours(resources)))

    def of(self, row: str) -> Iterator[ServiceCall]:
        return (call for call in self.calls if call.row.name == row)


@pytest.fixture(scope="session")
def apps(assembly: "CloudAssembly", settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, App]:
    """The example, and the apps with other settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_without_docker(tmp_path_factory.mktemp("bin")))
        folders = {
            name: shared_fixture(tmp_path_factory, f"services-{name}", partial(_synthesize, changed(settings)))
            for name, changed in (("elsewhere", elsewhere), ("small", small))
        }
    return {name: App(folder) for name, folder in {"example": Path(assembly.directory), **folders}.items()}


def _synthesize(settings: Settings, folder: Path) -> None:
    synthesize(settings, folder)


@pytest.mark.parametrize("name", APPS)
def test_no_service_call_is_denied(apps: dict[str, App], name: str) -> None:
    app = apps[name]
    decisions = ((call, app.policies.decide(call.call)) for call in app.calls)
    refused = [f"{call.row.name}: {evaluation.refusal(found)}" for call, found in decisions if not found.allowed]
    assert refused == []


@pytest.mark.parametrize("name", sorted(ROWS.keys() - NOT_IN_OUR_APPS - KEPT_BY_AWS))
def test_row_fails_without_its_statement(apps: dict[str, App], name: str) -> None:
    for app in apps.values():
        for call in app.of(name):
            for statement in app.policies.decide(call.call).statements:
                if not app.policies.decide(call.call, [statement]).allowed:
                    return
    pytest.fail(f"no statement's removal has a call of the row {name!r} refused")


def test_rows_of_service_linked_roles(apps: dict[str, App]) -> None:
    for name in KEPT_BY_AWS:
        kinds = {call.call.caller.kind for call in apps["example"].of(name)}
        assert kinds == {CallerKind.SERVICE_LINKED}, name


def test_one_rehearsal_has_enough_rows_to_evaluate(apps: dict[str, App]) -> None:
    beyond_creation = [call for call in apps["example"].calls if call.row.derive is not creating_a_resource]
    assert len(beyond_creation) >= 1_500
    assert len(apps["example"].calls) >= 6_000


def test_every_type_is_created_by_what_its_schema_lists(apps: dict[str, App]) -> None:
    types = {call.because_of.type for app in apps.values() for call in app.of("creating a resource")}
    present = {item.because_of.type for app in apps.values() for item in app.calls}
    assert {name for name in present if name.startswith("AWS::") and not handler_actions(name)} == set()
    assert len(types) >= 65


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_row_names_its_source(row: Row) -> None:
    assert "'" in row.source or "schemas" in row.source or "aws-cdk-lib" in row.source
    assert row.open == "" or row.open.endswith(".")


def test_names_of_rows_are_unique() -> None:
    assert len(ROWS) == len(TABLE)


def deployed(**resources: dict[str, Any]) -> Resources:
    """Return the resources of one stack of these."""
    return resources_of([Template("stack", "111111111111", "eu-west-1", {"Resources": resources}, {})])


def refused(resources: Resources, row: str) -> list[str]:
    """Return the actions of a row's calls that the stack's own policies refuse."""
    policies = AccountPolicies(resources, managed_policy)
    found = (call for call in calls_of(resources) if call.row.name == row)
    return sorted({call.call.action for call in found if not policies.decide(call.call).allowed})


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def allow(service: str, *actions: str, **conditions: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": actions, "Resource": "*"}
    return {"Statement": [{**statement, **({"Condition": conditions} if conditions else {})}]}


def encrypted_topic(*, key_policy: dict[str, Any], topic_policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "Key": resource("AWS::KMS::Key", KeyPolicy=key_policy),
        "Topic": resource("AWS::SNS::Topic", KmsMasterKeyId={"Ref": "Key"}),
        "Policy": resource("AWS::SNS::TopicPolicy", Topics=[{"Ref": "Topic"}], PolicyDocument=topic_policy),
    }


ALARM = resource("AWS::CloudWatch::Alarm", AlarmName="stack-alarm", AlarmActions=[{"Ref": "Topic"}])
KEY_USE = ("kms:Decrypt", "kms:GenerateDataKey*")


def test_alarm_needs_the_topic_and_its_key() -> None:
    service = "cloudwatch.amazonaws.com"
    both = {"key_policy": allow(service, *KEY_USE), "topic_policy": allow(service, "sns:Publish")}
    nobody = allow("events.amazonaws.com", "sns:Publish", *KEY_USE)
    row = "notifying of an alarm"
    assert refused(deployed(Alarm=ALARM, **encrypted_topic(**both)), row) == []
    assert refused(deployed(Alarm=ALARM, **encrypted_topic(**{**both, "key_policy": nobody})), row) == [
        "kms:Decrypt",
        "kms:GenerateDataKey",
    ]
    assert refused(deployed(Alarm=ALARM, **encrypted_topic(**{**both, "topic_policy": nobody})), row) == ["sns:Publish"]


def test_key_cannot_ask_eventbridge_for_its_source() -> None:
    """EventBridge's requests to KMS carry no source, so that such a condition drops every event."""
    service = "events.amazonaws.com"
    rule = resource("AWS::Events::Rule", Name="rule", Targets=[{"Id": "topic", "Arn": {"Ref": "Topic"}}])
    topic_policy = allow(service, "sns:Publish")
    asked: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    for conditions, expected in ((dict[str, Any](), list[str]()), (asked, ["kms:Decrypt", "kms:GenerateDataKey"])):
        key_policy = allow(service, *KEY_USE, **conditions)
        found = deployed(Rule=rule, **encrypted_topic(key_policy=key_policy, topic_policy=topic_policy))
        assert refused(found, "invoking a rules targets") == expected


@pytest.mark.parametrize(
    ("ownership", "access_control", "policy", "expected"),
    [
        ("BucketOwnerEnforced", None, "logging.s3.amazonaws.com", []),
        ("BucketOwnerEnforced", None, "cloudtrail.amazonaws.com", ["s3:PutObject"]),
        # What the CDK makes without its feature flag `serverAccessLogsUseBucketPolicy`.
        ("ObjectWriter", "LogDeliveryWrite", None, []),
        ("BucketOwnerEnforced", "LogDeliveryWrite", None, ["s3:PutObject"]),
        ("ObjectWriter", "Private", None, ["s3:PutObject"]),
    ],
)
def test_access_logs_need_a_policy_or_an_acl(
    ownership: str, access_control: str | None, policy: str | None, expected: list[str]
) -> None:
    rules = {"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]}}
    acl = {"AccessControl": access_control} if access_control else {}
    resources = {
        "Logs": resource("AWS::S3::Bucket", **rules, **acl),
        "Data": resource("AWS::S3::Bucket", LoggingConfiguration={"DestinationBucketName": {"Ref": "Logs"}}),
    }
    if policy:
        document = allow(policy, "s3:PutObject")
        resources["Policy"] = resource("AWS::S3::BucketPolicy", Bucket={"Ref": "Logs"}, PolicyDocument=document)
    assert refused(deployed(**resources), "delivering server access logs") == expected


@pytest.mark.parametrize("service", ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"])
def test_budget_needs_a_topic_that_lets_it_publish(service: str) -> None:
    subscriber = {"SubscriptionType": "SNS", "Address": {"Ref": "Topic"}}
    budget = resource("AWS::Budgets::Budget", NotificationsWithSubscribers=[{"Subscribers": [subscriber]}])
    topic = encrypted_topic(key_policy=allow(service, *KEY_USE), topic_policy=allow(service, "sns:Publish"))
    publishes = service.startswith("budgets")
    expected = list[str]() if publishes else ["kms:Decrypt", "kms:GenerateDataKey", "sns:Publish"]
    assert refused(deployed(Budget=budget, **topic), "notifying of a budget") == expected


@pytest.mark.parametrize(("source", "expected"), [("Topic", []), ("Other", ["sqs:SendMessage"])])
def test_topic_needs_a_queue_that_takes_its_messages(source: str, expected: list[str]) -> None:
    policy = allow("sns.amazonaws.com", "sqs:SendMessage", ArnEquals={"aws:SourceArn": {"Ref": source}})
    found = deployed(
        Topic=resource("AWS::SNS::Topic"),
        Other=resource("AWS::SNS::Topic"),
        Queue=resource("AWS::SQS::Queue"),
        Policy=resource("AWS::SQS::QueuePolicy", Queues=[{"Ref": "Queue"}], PolicyDocument=policy),
        Subscription=resource(
            "AWS::SNS::Subscription",
            Protocol="sqs",
            TopicArn={"Ref": "Topic"},
            Endpoint={"Fn::GetAtt": ["Queue", "Arn"]},
        ),
    )
    assert refused(found, "delivering messages") == expected


@pytest.mark.parametrize(
    ("action", "expected"), [("lambda:InvokeFunction", []), ("lambda:*Url", ["lambda:InvokeFunction"])]
)
def test_schedule_invokes_by_its_own_role(action: str, expected: list[str]) -> None:
    def role(service: str, *allowed: str) -> dict[str, Any]:
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
        document = {"Statement": [{"Effect": "Allow", "Action": list(allowed), "Resource": "*"}]}
        policies = [{"PolicyName": "Inline", "PolicyDocument": document}]
        return resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust, Policies=policies)

    arn = {"Fn::GetAtt": ["Function", "Arn"]}
    found = deployed(
        Role=role("scheduler.amazonaws.com", action),
        Function=resource("AWS::Lambda::Function", Role={"Fn::GetAtt": ["Role", "Arn"]}),
        Schedule=resource("AWS::Scheduler::Schedule", Target={"Arn": arn, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}),
    )
    assert refused(found, "invoking a schedules target") == expected


@pytest.mark.parametrize(("ownership", "expected"), [("BucketOwnerPreferred", []), (None, ["s3:PutObject"])])
def test_legacy_logs_of_a_distribution_need_a_bucket_with_acls(ownership: str | None, expected: list[str]) -> None:
    rules = {"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership}]}} if ownership else {}
    logging = {"Bucket": {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}}
    found = deployed(
        Bucket=resource("AWS::S3::Bucket", **rules),
        Distribution=resource("AWS::CloudFront::Distribution", DistributionConfig={"Logging": logging}),
    )
    assert refused(found, "delivering distribution logs") == expected


def test_refusal_reads_like_aws(apps: dict[str, App]) -> None:
    app = apps["example"]
    call = next(app.of("encrypting a trail"))
    [statement] = app.policies.decide(call.call).statements
    text = evaluation.refusal(app.policies.decide(call.call, [statement]))
    assert text.startswith(
        "User: cloudtrail.amazonaws.com is not authorized to perform: kms:GenerateDataKey on resource: arn:"
    )
    assert text.endswith("because no resource-based policy allows the kms:GenerateDataKey action")


def test_derived_values_are_cached(apps: dict[str, App]) -> None:
    """Calls are plain data: a report may hold them."""
    for item in apps["small"].calls:
        json.dumps([item.call.caller.name, item.call.action, item.call.resource, dict(item.call.context)])
