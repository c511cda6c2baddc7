"""What `make doctor` makes of each answer of AWS: a finding, or a check that could not run and why."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from cloud_assembly import Assembly, Stack
from tests.aws_answers import FakeAws
from tests.aws_calls import LISTS, Absent, Call, Errors, calls, calls_in, sources
from tools.accounts.accounts import Accounts
from tools.accounts.checks.bootstrap import check_bootstrap
from tools.accounts.checks.builds import check_builds
from tools.accounts.checks.certificates import check_certificates
from tools.accounts.checks.connection import check_connection
from tools.accounts.checks.context import Check
from tools.accounts.checks.distributions import check_distributions
from tools.accounts.checks.engines import check_engines
from tools.accounts.checks.left_behind import check_left_behind
from tools.accounts.checks.quotas import check_quotas
from tools.accounts.checks.service_roles import check_service_roles
from tools.accounts.checks.zones import check_zones
from tools.accounts.doctor import examine

ACCOUNT: Final = "444444444444"
REGION: Final = "us-east-1"
NOON: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CERTIFICATE: Final = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
CONNECTION: Final = f"arn:aws:codeconnections:us-east-1:{ACCOUNT}:connection/1"
DATABASE: Final = {
    "Engine": "postgres",
    "EngineVersion": "15.19",
    "DBInstanceClass": "db.t3.small",
    "MultiAZ": True,
}
RESOURCES: Final[dict[str, dict[str, Any]]] = {
    "Vpc": {"Type": "AWS::EC2::VPC"},
    "Address": {"Type": "AWS::EC2::EIP"},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"AvailabilityZone": "us-east-1a"}},
    "Database": {"Type": "AWS::RDS::DBInstance", "Properties": DATABASE},
    "Cache": {
        "Type": "AWS::ElastiCache::ReplicationGroup",
        "Properties": {"Engine": "redis", "EngineVersion": "7.1", "CacheNodeType": "cache.t3.micro"},
    },
    "Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"MaxCapacity": 6}},
    "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "1024"}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {"ReservedConcurrentExecutions": 1}},
    "Distribution": {
        "Type": "AWS::CloudFront::Distribution",
        "Properties": {"DistributionConfig": {"ViewerCertificate": {"AcmCertificateArn": CERTIFICATE}}},
    },
    "Certificate": {
        "Type": "AWS::CertificateManager::Certificate",
        "Properties": {"DomainValidationOptions": [{"DomainName": "a.example.com", "HostedZoneId": "Z1"}]},
    },
}
BUILD: Final = {
    "Name": "Synth",
    "ActionTypeId": {"Provider": "CodeBuild"},
    "Configuration": {"ProjectName": {"Ref": "Project"}, "ConnectionArn": CONNECTION},
}
PIPELINE: Final = Stack(
    name="yawl-delivery",
    account=ACCOUNT,
    region=REGION,
    template={
        "Resources": {
            "Pipeline": {
                "Type": "AWS::CodePipeline::Pipeline",
                "Properties": {"Name": "yawl-delivery", "Stages": [{"Name": "Build", "Actions": [BUILD]}]},
            },
            "Project": {
                "Type": "AWS::CodeBuild::Project",
                "Properties": {"Environment": {"Type": "LINUX_CONTAINER", "ComputeType": "BUILD_GENERAL1_SMALL"}},
            },
        }
    },
)
STACK: Final = Stack(
    name="yawl-dev-network",
    account=ACCOUNT,
    region=REGION,
    template={"Resources": RESOURCES},
    stage="Dev",
    family="yawl-dev",
    bootstrap_version=20,
)
NO_STACK: Final = (400, "ValidationError", "Stack with id yawl-dev-network does not exist")
COMPLETE: Final[Mapping[str, Any]] = {
    "StackName": STACK.name,
    "StackStatus": "CREATE_COMPLETE",
    "CreationTime": NOON,
    "Parameters": [],
}
OTHER: Final = {"StackName": "yawl-old-network", "StackStatus": "CREATE_COMPLETE"}
ITEM: Final = {
    "StackName": STACK.name,
    "LogicalResourceId": "Vpc",
    "PhysicalResourceId": "thing",
    "ResourceType": "AWS::EC2::VPC",
    "ResourceStatus": "CREATE_COMPLETE",
}


def quotas(_: Any) -> dict[str, Any]:
    name = "Concurrently running builds for Linux/Small environment"
    return {"Quotas": [{"QuotaName": name, "QuotaCode": "L-1", "Value": 9.0}]}


VALUES: Final[Mapping[str, Any]] = {
    "get_caller_identity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ada"},
    "get_parameter": {"Parameter": {"Value": "30"}},
    "describe_stacks": {"Stacks": [COMPLETE]},
    "get_template": {"TemplateBody": '{"Resources": {}}'},
    "describe_stack_resources": {"StackResources": [ITEM]},
    "list_aws_default_service_quotas": quotas,
    "list_service_quotas": quotas,
    "describe_certificate": {"Certificate": {"Status": "ISSUED"}},
    "get_hosted_zone": {"HostedZone": {"Name": "example.com."}},
    "get_connection": {"Connection": {"ConnectionStatus": "AVAILABLE"}},
    "list_distributions": {"DistributionList": {"Items": [{}]}},
    "describe_db_engine_versions": {"DBEngineVersions": [{"EngineVersion": "15.19"}]},
    "describe_orderable_db_instance_options": {
        "OrderableDBInstanceOptions": [{"AvailabilityZones": [{"Name": "us-east-1a"}]}]
    },
    "describe_cache_engine_versions": {"CacheEngineVersions": [{"EngineVersion": "7.1"}]},
    "list_roles": {"Roles": []},
    "describe_vpcs": {"Vpcs": []},
    "describe_addresses": {"Addresses": []},
    "list_clusters": {"clusterArns": ["cluster"]},
    "list_tasks": {"taskArns": ["task"]},
    "describe_tasks": {"tasks": []},
    "get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}},
    "get_service_quota": {"Quota": {"Value": 99.0}},
    "get_aws_default_service_quota": {"Quota": {"Value": 5.0}},
    "get_role": {"Role": {"RoleName": "role"}},
    "describe_availability_zones": {"AvailabilityZones": [{"ZoneName": "us-east-1a", "State": "available"}]},
    "describe_reserved_cache_nodes_offerings": {"ReservedCacheNodesOfferings": [{}]},
}


def checked(check: Check) -> Callable[[], Any]:
    """Run one check of the doctor as it runs them, and return its findings."""

    def run() -> list[str]:
        stack_and_pipeline = Assembly(Path(), (PIPELINE, STACK))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tools.accounts.doctor.EVERYWHERE", {"it": check})
            patch.setattr("tools.accounts.doctor.AT_HOME", {})
            found = examine(stack_and_pipeline, Accounts())
            return [f"{one.state.name}: {one.text}; {one.fix}" for _, one in found]

    return run


def of_doctor(file: str, check: Check, values: Mapping[str, Any] = VALUES, **absent: Absent) -> list[Call]:
    unchecked = r"UNCHECKED: it could not be checked: .*{code}.*; "
    return calls(
        f"tools/accounts/checks/{file}.py",
        checked(check),
        values,
        Errors(
            unchecked + "run it again",
            denied=unchecked + "use credentials with permission to read this",
            throttled=unchecked + "AWS throttled the call",
        ),
        **absent,
    )


NEW: Final[Mapping[str, Any]] = {**VALUES, "describe_stacks": NO_STACK}
"""A stack that is not deployed yet needs quotas."""
DOCTOR: Final[list[Call]] = [
    *of_doctor(
        "bootstrap",
        check_bootstrap,
        get_parameter=((400, "ParameterNotFound", "none"), "TO_FIX: is not bootstrapped"),
        describe_stacks=(
            (400, "ValidationError", "Stack CDKToolkit does not exist"),
            "TO_FIX: has no stack CDKToolkit",
        ),
    ),
    *of_doctor(
        "builds",
        check_builds,
        list_aws_default_service_quotas=LISTS,
        list_service_quotas=LISTS,
    ),
    *of_doctor(
        "certificates",
        check_certificates,
        describe_certificate=((400, "ResourceNotFoundException", "none"), "TO_FIX: certificate .* does not exist"),
        get_hosted_zone=((404, "NoSuchHostedZone", "none"), "TO_FIX: has no hosted zone Z1"),
    ),
    *of_doctor(
        "connection",
        check_connection,
        get_connection=((400, "ResourceNotFoundException", "none"), "TO_FIX: has no connection"),
    ),
    *of_doctor(
        "distributions",
        check_distributions,
        list_distributions=({"DistributionList": {}}, "NOTE: has no CloudFront distribution yet"),
    ),
    *of_doctor(
        "engines",
        check_engines,
        describe_db_engine_versions=({"DBEngineVersions": []}, "TO_FIX: AWS no longer offers postgres 15.19"),
        describe_orderable_db_instance_options=(
            {"OrderableDBInstanceOptions": []},
            "TO_FIX: postgres 15.19 is not offered on",
        ),
        describe_cache_engine_versions=({"CacheEngineVersions": []}, "TO_FIX: AWS no longer offers redis 7.1"),
    ),
    *of_doctor(
        "left_behind",
        check_left_behind,
        {**VALUES, "describe_stacks": {"Stacks": [OTHER]}},
        describe_stacks=({"Stacks": []}, r"^\[\]"),
        get_template=(NO_STACK, "UNCHECKED: .*does not exist"),
        list_roles=LISTS,
    ),
    *of_doctor(
        "quotas",
        check_quotas,
        NEW,
        # Before its first deployment.
        describe_stacks=(NO_STACK, "GOOD: VPCs: 0 used, 1 more needed"),
        describe_vpcs=LISTS,
        describe_addresses=LISTS,
        list_clusters=LISTS,
        list_tasks=LISTS,
        describe_tasks=LISTS,
        get_account_settings=LISTS,
        # The account has AWS's default.
        get_service_quota=((400, "NoSuchResourceException", "none"), "VPCs: 0 used, 1 more needed, 5 allowed"),
    ),
    *of_doctor(
        "quotas",
        check_quotas,
        {**NEW, "get_service_quota": (400, "NoSuchResourceException", "none")},
        get_aws_default_service_quota=((400, "NoSuchResourceException", "none"), "UNCHECKED: .*NoSuchResource"),
    ),
    *of_doctor(
        "service_roles",
        check_service_roles,
        get_role=((404, "NoSuchEntity", "none"), "TO_FIX: has no role AWSServiceRoleFor"),
    ),
    *of_doctor(
        "zones",
        check_zones,
        describe_availability_zones=({"AvailabilityZones": []}, "TO_FIX: has no availability zone us-east-1a"),
        # `check_engines` reports it.
        describe_orderable_db_instance_options=(
            {"OrderableDBInstanceOptions": []},
            r"^\['GOOD: has the avail[^,]*, '[A-Z]*: cache",
        ),
        describe_reserved_cache_nodes_offerings=({"ReservedCacheNodesOfferings": []}, "TO_FIX: cache.t3.micro is not"),
    ),
]
CASES: Final = [(row, kind) for row in DOCTOR for kind in row.kinds]


@pytest.mark.parametrize(("row", "kind"), CASES, ids=[f"{row.file}-{row.operation}-{kind}" for row, kind in CASES])
def test_answers_are_told_apart(row: Call, kind: str, aws: FakeAws) -> None:
    row.check(kind, aws)


def test_every_call_has_a_row() -> None:
    found = {one for one in calls_in(sources("tools/accounts")) if one[0].startswith("tools/accounts/checks/")}
    assert found == {(row.file, row.operation) for row in DOCTOR}


ELSEWHERE: Final = Stack(
    name="yawl-dev-network",
    account="555555555555",
    region=REGION,
    template={"Resources": {}},
    stage="Dev",
    lookup_role_arn="arn:aws:iam::555555555555:role/lookup",
)


@pytest.mark.parametrize(
    ("answer", "text", "fix"),
    [
        (
            (403, "AccessDenied", "not authorized"),
            "cannot assume arn:aws:iam::555555555555:role/lookup",
            "bootstrap it",
        ),
        ((400, "ValidationError", "no ARN"), "cannot assume arn:aws:iam::555555555555:role/lookup", "bootstrap it"),
        ((400, "Throttling", "Rate exceeded"), "Throttling", "AWS throttled the call: run it again in a minute"),
        ((503, "ServiceUnavailable", "down"), "ServiceUnavailable", "run it again; if it persists"),
    ],
)
def test_only_a_refused_role_means_that_an_account_is_not_bootstrapped(
    answer: tuple[int, str, str], text: str, fix: str, aws: FakeAws
) -> None:
    aws.values = {**VALUES, "assume_role": answer}
    found = [one for where, one in examine(Assembly(Path(), (PIPELINE, ELSEWHERE)), Accounts(), only="555555555555")]
    assert text in found[0].text
    assert found[0].fix.startswith(fix)
