"""What accounts must contain: found in templates and lookups, given in a file, or placeholders."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud_assembly import AwsEnvironment, Stack
from rehearsal.errors import PLACEHOLDER, RehearsalError
from rehearsal.gaps import GapKind
from rehearsal.given import lookups, placing, templates, values
from rehearsal.given.needs import Kind, Need

PLACE = AwsEnvironment("111111111111", "eu-west-1")
OTHER = AwsEnvironment("222222222222", "us-east-1")


def stack(place: AwsEnvironment = PLACE, name: str = "web", **template: Any) -> Stack:
    return Stack(name=name, account=place.account, region=place.region, template={"Resources": {}, **template})


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def found(*stacks: Stack) -> list[tuple[Kind, str, str]]:
    return [(need.kind, str(need.environment), need.name) for need in templates.needs_of(stacks)]


def of(reference: Any) -> Stack:
    return stack(Resources={"Topic": resource("AWS::SNS::Topic", DisplayName=reference)})


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("{{resolve:secretsmanager:token}}", (Kind.SECRET, "token", set())),
        ("{{resolve:secretsmanager:token:SecretString:::}}", (Kind.SECRET, "token", set())),
        ("x{{resolve:secretsmanager:db:SecretString:user::}}y", (Kind.SECRET, "db", {"user"})),
        ("{{resolve:ssm:/a/b:3}}", (Kind.PARAMETER, "/a/b", set())),
        ("{{resolve:ssm-secure:/a/b}}", (Kind.PARAMETER, "/a/b", set())),
        (
            {"Fn::Join": ["", ["{{resolve:ssm:/", {"Ref": "AWS::Region"}, "/b}}"]]},
            (Kind.PARAMETER, "/eu-west-1/b", set()),
        ),
    ],
)
def test_dynamic_reference_is_a_need(reference: Any, expected: tuple[Kind, str, set[str]]) -> None:
    [need] = templates.needs_of([of(reference)])
    assert (need.kind, need.name, set(need.keys)) == expected
    assert (need.environment, need.where) == (PLACE, "web")


def test_secret_of_another_account_is_needed_there_under_its_arn() -> None:
    arn = f"arn:aws:secretsmanager:{OTHER.region}:{OTHER.account}:secret:team/db-AbCdEf"
    [need] = templates.needs_of([of(f"{{{{resolve:secretsmanager:{arn}:SecretString:user::}}}}")])
    assert (need.name, need.environment, need.details["arn"]) == ("team/db", OTHER, arn)


@pytest.mark.parametrize(
    "reference",
    [
        {"Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": "Own"}, ":SecretString:password::}}"]]},
        "{{resolve:ssm:/cdk-bootstrap/hnb659fds/version}}",
        "{{resolve:ssm:/cdk/exports/other/name}}",
    ],
)
def test_what_the_stacks_or_the_cdk_create_is_not_needed(reference: Any) -> None:
    assert found(of(reference)) == []


def test_version_that_a_bootstrap_with_other_names_creates_is_not_needed() -> None:
    reader = replace(of("{{resolve:ssm:/platform/version}}"), bootstrap_parameter="/platform/version")
    assert found(reader) == []


def test_parameter_that_a_stack_creates_is_not_needed_there_but_elsewhere() -> None:
    own = stack(Resources={"P": resource("AWS::SSM::Parameter", Name="/made", Value="x", Type="String")})
    reader = of("{{resolve:ssm:/made}}")
    assert found(own, reader) == []
    assert found(stack(OTHER, Resources=own.resources), reader) == [(Kind.PARAMETER, str(PLACE), "/made")]


def test_secret_is_not_needed_where_a_stack_replicates_it() -> None:
    """A placeholder would be in the way of the replica."""
    replicas = [{"Region": OTHER.region}]
    primary = stack(Resources={"S": resource("AWS::SecretsManager::Secret", Name="db", ReplicaRegions=replicas)})
    there = AwsEnvironment(PLACE.account, OTHER.region)
    topic = resource("AWS::SNS::Topic", DisplayName="{{resolve:secretsmanager:db:SecretString:::}}")
    backup = stack(there, Resources={"Topic": topic})
    assert found(primary, backup) == []
    assert found(backup) == [(Kind.SECRET, str(there), "db")]


@pytest.mark.parametrize(
    ("kind", "name", "value", "known"),
    [
        ("AWS::SSM::Parameter::Value<String>", "/app/size", "", False),
        ("AWS::SSM::Parameter::Value<AWS::EC2::VPC::Id>", "/app/vpc", "vpc-", False),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "/aws/service/ami-amazon-linux-latest/x", "ami-", True),
    ],
)
def test_template_parameter_is_a_need_with_a_value_of_its_type(kind: str, name: str, value: str, known: bool) -> None:
    [need] = templates.needs_of([stack(Parameters={"P": {"Type": kind, "Default": name}, "Q": {"Type": "String"}})])
    assert need.name == name
    assert need.details["value"].startswith(value)
    assert need.is_known is known


UUID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        (
            {"Resource": "{}", "ConnectionArn": "{}"},
            f"arn:aws:codestar-connections:eu-west-1:111111111111:connection/{UUID}",
        ),
        ({"Certificates": [{"CertificateArn": "{}"}]}, f"arn:aws:acm:eu-west-1:111111111111:certificate/{UUID}"),
        ({"Resource": ["arn:aws:s3:::x", "{}"]}, f"arn:aws:rehearsal:eu-west-1:111111111111:{PLACEHOLDER}"),
        ({"RoleArn": "{}"}, f"arn:aws:iam::111111111111:role/{PLACEHOLDER}"),
        ({"VpcId": "{}"}, "vpc-"),
        ({"SubnetIds": ["{}"]}, "subnet-"),
        ({"SecurityGroupIds": ["{}"]}, "sg-"),
        ({"Value": "{}"}, PLACEHOLDER),
        ({"TopicArn": {"Fn::Join": ["", ["arn:", "{}"]]}}, PLACEHOLDER),
    ],
)
def test_placeholder_has_the_form_that_its_uses_accept(uses: Any, expected: str) -> None:
    """A policy without an ARN, for example, would end the set-up."""
    of_template = json.loads(json.dumps(uses).replace('"{}"', '{"Ref": "P"}'))
    by_reference = json.loads(json.dumps(uses).replace("{}", "{{resolve:ssm:/app/it:1}}"))
    parameter = {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/it"}}
    for template in (
        stack(Parameters=parameter, Resources={"Thing": resource("AWS::Some::Thing", **of_template)}),
        stack(Resources={"Thing": resource("AWS::Some::Thing", **by_reference)}),
    ):
        [need] = templates.needs_of([template])
        assert placing.thing(need, values.Given())["value"].startswith(expected)
        # Nothing reads a connection: sources are delivered from this machine.
        assert need.is_minor is ("ConnectionArn" in uses)


def test_import_of_an_output_that_no_stack_exports_is_a_need() -> None:
    imported = {"Fn::ImportValue": {"Fn::Join": ["-", ["network", {"Ref": "AWS::Region"}]]}}
    reader = stack(Resources={"Group": resource("AWS::EC2::SecurityGroup", VpcId=imported)})
    plain = stack(name="other", Resources={"T": resource("AWS::SNS::Topic", DisplayName=imported)})
    own = stack(name="own", Outputs={"Vpc": {"Value": "x", "Export": {"Name": "network-eu-west-1"}}})
    [need] = templates.needs_of([plain, reader])
    assert (need.kind, need.name, need.where) == (Kind.EXPORT, "network-eu-west-1", "other")
    assert placing.thing(need, values.Given())["value"].startswith("vpc-")
    [gap] = placing.gaps([need], values.Given())
    assert gap.reason.endswith('for --given: [exports] "network-eu-west-1" = "…"')
    assert found(reader, own) == []
    elsewhere = AwsEnvironment(PLACE.account, "eu-central-1")
    assert found(reader, stack(elsewhere, Outputs=own.template["Outputs"])) == [], "the app imports in the wrong region"
    unknown = {"Fn::ImportValue": {"Ref": "Name"}}
    assert found(stack(Resources={"T": resource("AWS::SNS::Topic", DisplayName=unknown)})) == []


def test_bucket_that_a_stack_changes_and_none_creates_is_a_need() -> None:
    policy = resource("AWS::S3::BucketPolicy", Bucket="theirs", PolicyDocument={})
    changing = stack(Resources={"Policy": policy})
    own = stack(name="own", Resources={"Bucket": resource("AWS::S3::Bucket", BucketName="theirs")})
    assert found(changing) == [(Kind.BUCKET, str(PLACE), "theirs")]
    assert found(changing, own) == []


def test_bucket_exists_that_a_parameter_or_an_import_names_unless_the_stack_creates_it() -> None:
    imported = {"Fn::ImportValue": "raw"}
    notified = resource("Custom::S3BucketNotifications", BucketName=imported)
    [need] = templates.needs_of([stack(Resources={"N": notified})])
    assert (need.kind, need.details["names-bucket"]) == (Kind.EXPORT, True)
    assert placing.thing(need, values.Given())["value"].startswith(f"{PLACEHOLDER}-")
    created = resource("AWS::S3::Bucket", BucketName=imported)
    [need] = templates.needs_of([stack(Resources={"B": created})])
    assert not need.details["names-bucket"]


def test_builds_variables_and_specifications_are_needs() -> None:
    specification = json.dumps({"env": {"secrets-manager": {"A": "npm:token"}, "parameter-store": {"B": "/b"}}})
    variables = [
        {"Name": "C", "Type": "SECRETS_MANAGER", "Value": "docker"},
        {"Name": "D", "Type": "PLAINTEXT", "Value": "plain"},
    ]
    project = resource(
        "AWS::CodeBuild::Project",
        Source={"BuildSpec": specification},
        Environment={"EnvironmentVariables": variables},
    )
    action = {
        "Name": "Test",
        "Configuration": {
            "EnvironmentVariables": json.dumps([{"name": "E", "type": "PARAMETER_STORE", "value": "/e"}])
        },
    }
    pipeline = resource("AWS::CodePipeline::Pipeline", Stages=[{"Name": "Prod", "Actions": [action]}])
    needs = templates.needs_of([stack(Resources={"Build": project, "Pipeline": pipeline})])
    assert {(need.name, need.where) for need in needs} == {
        ("npm", "web/Build"),
        ("/b", "web/Build"),
        ("docker", "web/Build"),
        ("/e", "Prod/Test"),
    }


def test_ids_in_a_template_are_needs() -> None:
    vpc, subnets = "vpc-0123456789abcdef0", ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    group = resource("AWS::EC2::SecurityGroup", VpcId=vpc, Tags=[{"Key": "subnets", "Value": ",".join(subnets)}])
    certificate = f"arn:aws:acm:us-east-1:{PLACE.account}:certificate/0123-abcd"
    listener = resource("AWS::ElasticLoadBalancingV2::Listener", Certificates=[{"CertificateArn": certificate}])
    record = resource("AWS::Route53::RecordSet", HostedZoneId="Z1", Name="www.example.com.", Type="A")
    needs = templates.needs_of([stack(Resources={"Group": group, "Listener": listener, "Record": record})])
    by_kind = {need.kind: need for need in needs}
    assert [one["id"] for one in by_kind[Kind.VPC].details["subnets"]] == subnets
    assert by_kind[Kind.CERTIFICATE].environment == AwsEnvironment(PLACE.account, "us-east-1")
    assert by_kind[Kind.HOSTED_ZONE].details == {"id": "Z1", "name": "example.com"}


def test_what_the_projects_context_file_records_is_known(tmp_path: Path) -> None:
    vpc = "vpc-0123456789abcdef0"
    subnet = {"subnetId": "subnet-0123456789abcdef0", "cidr": "10.9.1.0/24", "availabilityZone": "eu-west-1b"}
    group = {"name": "App", "type": "Private", "subnets": [subnet]}
    key = f"vpc-provider:account={PLACE.account}:filter.vpc-id={vpc}:region={PLACE.region}"
    file = tmp_path / lookups.CONTEXT_FILE
    file.write_text(json.dumps({key: {"vpcId": vpc, "vpcCidrBlock": "10.9.0.0/16", "subnetGroups": [group]}}))
    used = stack(Resources={"Group": resource("AWS::EC2::SecurityGroup", VpcId=vpc)})
    [need] = placing.needs_of([used], file)
    assert placing.gaps([need], values.Given()) == []
    thing = placing.thing(need, values.Given())
    assert thing["cidr"] == "10.9.0.0/16"
    assert [(one["id"], one["zone"], one["public"]) for one in thing["subnets"]] == [
        (subnet["subnetId"], "eu-west-1b", False)
    ]


def given(folder: Path, text: str, name: str = "given.toml") -> values.Given:
    file = folder / name
    file.write_text(text)
    return values.read(file)


def secret(place: AwsEnvironment = PLACE, *keys: str) -> Need:
    return Need(Kind.SECRET, place, "db", "web", {"arn": ""}, frozenset(keys))


def test_more_specific_table_comes_first(tmp_path: Path) -> None:
    file = given(
        tmp_path,
        '[secrets]\ndb = "general"\n["222222222222".secrets]\ndb = "account"\n'
        '["222222222222/us-east-1".secrets]\ndb = "region"\n',
    )
    assert file.value(secret()) == "general"
    assert file.value(secret(OTHER)) == "region"
    assert file.value(secret(AwsEnvironment(OTHER.account, "eu-west-1"))) == "account"


def test_placeholder_of_a_secret_has_the_keys_that_are_read() -> None:
    thing = placing.thing(secret(PLACE, "user", "password"), values.Given())
    assert json.loads(thing["value"]) == {"user": PLACEHOLDER, "password": PLACEHOLDER}
    assert placing.thing(secret(), values.Given())["value"] == PLACEHOLDER


def test_placeholder_is_a_gap_that_says_how_to_give_the_value(tmp_path: Path) -> None:
    [gap] = placing.gaps([secret()], values.Given())
    assert gap.kind is GapKind.GIVEN
    assert str(gap).startswith(
        'web: secret db in 111111111111/eu-west-1 is a placeholder; in a file for --given: [secrets] "db" ='
    )
    assert placing.gaps([secret()], given(tmp_path, '[secrets]\ndb = "x"\n')) == []


def reads_source(token: str) -> list[dict[str, Any]]:
    """A pipeline and a webhook with the token."""
    source = {"Name": "Source", "Configuration": {"OAuthToken": token}}
    pipeline = resource("AWS::CodePipeline::Pipeline", Stages=[{"Name": "Source", "Actions": [source]}])
    return [pipeline, resource("AWS::CodePipeline::Webhook", AuthenticationConfiguration={"SecretToken": token})]


@pytest.mark.parametrize(
    ("others", "is_minor"),
    [
        ([], True),
        # Whoever else reads it needs its value, also under the name that a pipeline gives it.
        ([resource("AWS::Lambda::Function", Environment={"OAuthToken": "{{resolve:secretsmanager:token}}"})], False),
    ],
)
def test_token_that_only_sources_read_does_not_change_the_verdict(others: list[dict[str, Any]], is_minor: bool) -> None:
    resources = [*others, *reads_source("{{resolve:secretsmanager:token}}")]
    needs = templates.needs_of([stack(Resources={str(number): one for number, one in enumerate(resources)})])
    assert [(need.kind, need.name) for need in needs] == [(Kind.SECRET, "token")]
    [gap] = placing.gaps(needs, values.Given())
    assert (gap.is_minor, "that 111111111111/eu-west-1 has the secret token" in gap.reason) == (is_minor, is_minor)


ROLE = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::222222222222:role/team/Delivery"]]}
ASSUMED, TRUSTED = "a placeholder that may do everything", "that 222222222222 has the role Delivery"


@pytest.mark.parametrize(
    ("using", "reason"),
    [
        (resource("AWS::CodePipeline::Pipeline", RoleArn=ROLE), ASSUMED),
        (resource("AWS::Lambda::Function", Role=ROLE), ASSUMED),
        (resource("AWS::KMS::Key", KeyPolicy={"Statement": [{"Principal": {"AWS": [ROLE]}}]}), TRUSTED),
        (resource("AWS::IAM::Policy", PolicyDocument={"Statement": [{"Resource": ROLE}]}), ""),
        (resource("AWS::Lambda::Function", Role="arn:aws:iam::222222222222:role/cdk-own-deploy-role"), ""),
        (resource("AWS::ECS::Service", Role="arn:aws:iam::222222222222:role/aws-service-role/ecs/Ecs"), ""),
    ],
)
def test_role_that_no_stack_creates_is_needed_where_it_must_exist(using: dict[str, Any], reason: str) -> None:
    needs = templates.needs_of([stack(Resources={"Using": using})])
    gaps = placing.gaps(needs, values.Given())
    assert [reason in gap.reason for gap in gaps] == [True] * bool(reason)
    assert {gap.is_minor for gap in gaps} <= {reason == TRUSTED}
    assert all(need.details["path"] == "/team/" for need in needs)


def test_role_of_another_stack_or_of_a_bootstrap_is_not_needed() -> None:
    using = stack(Resources={"Using": resource("AWS::CodePipeline::Pipeline", RoleArn=ROLE)})
    named = {"Role": resource("AWS::IAM::Role", RoleName="Delivery")}
    assert templates.needs_of([using, stack(OTHER, Resources=named)]) == []
    own = "arn:aws:iam::222222222222:role/team/Delivery"
    assert templates.needs_of([using, replace(stack(OTHER), deploy_role_arn=own)]) == []


def test_given_secret_without_a_key_that_is_read_is_refused(tmp_path: Path) -> None:
    file = given(tmp_path, '{"secrets": {"db": {"user": "s3cr3t"}}}', "given.json")
    with pytest.raises(RehearsalError, match="the secret db has no key password, which web reads") as refused:
        placing.thing(secret(PLACE, "user", "password"), file)
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[secrets]\na = "s3cr3t\n', r"is not valid TOML, line \d"),
        ('[secret]\na = "s3cr3t"\n', "has secret where a table is expected: secrets, parameters"),
        ('["111111111111"]\nsecrets = "s3cr3t"\n', "has secrets where a table is expected"),
    ],
)
def test_bad_file_is_refused_without_showing_it(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match=message) as refused:
        given(tmp_path, text)
    assert "s3cr3t" not in str(refused.value)


def test_values_are_in_no_repr_and_unused_ones_are_named(tmp_path: Path) -> None:
    file = given(tmp_path, '[secrets]\ndb = "s3cr3t"\nbd = "s3cr3t"\n')
    assert "s3cr3t" not in repr(file)
    assert file.secrets() == {"s3cr3t"}
    assert file.unused([secret()]) == ["secrets.bd"]


def test_lookups_of_every_assembly_are_asked_and_unknown_kinds_are_gaps(tmp_path: Path) -> None:
    place = {"account": PLACE.account, "region": PLACE.region}
    vpc = {"key": "1", "provider": "vpc-provider", "props": {**place, "filter": {"tag:Name": "main"}}}
    default = {"key": "2", "provider": "vpc-provider", "props": {**place, "filter": {"isDefault": "true"}}}
    other = {"key": "3", "provider": "load-balancer", "props": place}
    nested = tmp_path / "assembly-Prod"
    nested.mkdir()
    (tmp_path / "manifest.json").write_text(json.dumps({"missing": [vpc, other]}))
    (nested / "manifest.json").write_text(json.dumps({"missing": [vpc, default]}))
    asked = lookups.asked(tmp_path)
    assert sorted(entry["key"] for entry in asked) == ["1", "2", "3"]
    [need] = lookups.needs_of(asked)
    assert (need.kind, need.name, need.details["tags"]) == (Kind.VPC, "main", {"Name": "main"})
    assert [gap.reason.partition(";")[0] for gap in lookups.gaps_of(asked)] == [
        "no lookup of kind load-balancer in the emulator"
    ]


def test_app_is_synthesized_until_nothing_new_is_missing(tmp_path: Path) -> None:
    """A lookup may need what another one found; one that is never answered ends the rounds."""
    rounds = iter([["vpc", "odd"], ["group", "odd"], ["odd"]])
    runs: list[bool] = []
    placed: list[list[str]] = []

    def synth(with_lookups: bool) -> int:
        runs.append(with_lookups)
        if with_lookups:
            return 1
        tmp_path.mkdir(exist_ok=True)
        missing = [{"key": key, "provider": "vpc-provider", "props": {"account": ""}} for key in next(rounds)]
        (tmp_path / "manifest.json").write_text(json.dumps({"missing": missing}))
        return 1

    assert lookups.synthesize(synth, tmp_path, lambda asked: placed.append([one["key"] for one in asked])) == 1
    assert runs == [False, True, False, True, False]
    assert placed == [["vpc", "odd"], ["group", "odd"]]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["availability-zones:account=333333333333:region=eu-west-2"], "333333333333/eu-west-2"),
        (
            [
                "hosted-zone:account=333333333333:domainName=example.com:region=us-east-1",
                "vpc-provider:account=333333333333:filter.tag:Name=main:region=eu-west-2:returnAsymmetricSubnets=true",
                "ssm:account=333333333333:parameterName=/a:region=eu-west-2",
            ],
            "333333333333/eu-west-2",
        ),
        (
            [
                "ssm:account=333333333333:parameterName=/a:region=x",
                "ssm:account=444444444444:parameterName=/a:region=x",
            ],
            None,
        ),
        (["@aws-cdk/core:someFlag"], None),
        ([], None),
    ],
)
def test_account_of_recorded_lookups_is_the_default_of_a_pipeline_that_names_none(
    keys: list[str], expected: str | None
) -> None:
    found = lookups.environment_of(json.dumps(dict.fromkeys(keys, "value"), indent=2))
    assert (str(found) if found else None) == expected
