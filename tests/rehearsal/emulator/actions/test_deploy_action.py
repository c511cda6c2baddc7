"""CloudFormation actions: every mode really makes, changes, keeps and removes stacks, in the role's account."""

import json
from typing import Any

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.actions import deploy
from rehearsal.actions.run import ActionFailed, ActionNotEmulated, Outcome
from rehearsal.engine.artifacts import ArtifactNotFound
from rehearsal.gaps import GapKind
from tests.rehearsal.emulator.action_runner import Workshop
from tests.rehearsal.emulator.conftest import Account, resource

CAPABILITIES = "CAPABILITY_NAMED_IAM,CAPABILITY_AUTO_EXPAND"


def topic(name: str, **rest: Any) -> str:
    """A template of one topic, which is its output."""
    document = {
        "Resources": {"Topic": resource("AWS::SNS::Topic", TopicName=name)},
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}}},
    }
    return json.dumps(document | rest)


BROKEN = json.dumps({"Resources": {"Good": resource("AWS::SNS::Topic"), "Bad": {"Type": "AWS::Rehearsal::Failure"}}})


class Stacks:
    """Runs CloudFormation actions on one stack in another account."""

    def __init__(self, workshop: Workshop, account: Account) -> None:
        self.workshop = workshop
        self.account = account
        self._role = workshop.role(account, "deploy")
        artifacts = f"arn:aws:s3:::{workshop.bucket}/*"
        statement = {"Effect": "Allow", "Principal": {"AWS": self._role}, "Action": "s3:*", "Resource": artifacts}
        workshop.home.client("s3").put_bucket_policy(
            Bucket=workshop.bucket, Policy=json.dumps({"Statement": [statement]})
        )

    def run(
        self, mode: str, template: str = "", *, fail: bool = False, region: str = "", **configuration: str
    ) -> Outcome:
        if template:
            self.workshop.artifact("Synth", template__json=template, configuration__json=configuration.pop("_with", ""))
            configuration.setdefault("TemplatePath", "Synth::template.json")
        stack = {"ActionMode": mode, "StackName": self.account.stack, "Capabilities": CAPABILITIES}
        return self.workshop.run(
            deploy.execute,
            stack | configuration,
            inputs=("Synth",) if template else (),
            outputs=("Out",) if "OutputFileName" in configuration else (),
            role_arn=self._role,
            region=region or self.account.place.region,
            fail=fail,
        )

    @property
    def templates(self) -> list[str]:
        """The keys of the templates that were uploaded."""
        listed = self.workshop.home.client("s3").list_objects_v2(Bucket=self.workshop.bucket)
        return [item["Key"] for item in listed.get("Contents", []) if item["Key"].endswith(".template.json")]

    @property
    def topics(self) -> list[str]:
        found = self.account.client("sns").list_topics()["Topics"]
        return [item["TopicArn"].rsplit(":", 1)[-1] for item in found]


@pytest.fixture
def stacks(workshop: Workshop, other_account: Account) -> Stacks:
    return Stacks(workshop, other_account)


def effects(stacks: Stacks) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What the last action said it does to each resource."""
    change_set = stacks.workshop.details.change_set
    assert change_set is not None
    assert change_set.stack == stacks.account.stack
    return {change.logical_id: (change.effect, change.properties) for change in change_set.changes}


DEPLOYING = ["CREATE_UPDATE", "REPLACE_ON_FAILURE"]


@pytest.mark.parametrize("mode", DEPLOYING)
def test_stack_is_created_updated_then_unchanged(stacks: Stacks, mode: str) -> None:
    for name in ("one", "two", "two"):
        outcome = stacks.run(mode, topic(name))
        assert outcome.variables == {"Name": name}
        assert outcome.deployed is not None
        assert (outcome.deployed.name, outcome.deployed.aws_environment) == ("stack", stacks.account.place)
        assert stacks.topics == [name]
    assert "no changes" in stacks.workshop.log[-1]


def test_events_are_shown_as_they_happen(stacks: Stacks) -> None:
    stacks.run("CREATE_UPDATE", topic("one"))
    assert "CREATE_COMPLETE AWS::SNS::Topic Topic" in stacks.workshop.log
    stacks.run("CREATE_UPDATE", topic("two"))
    assert not any(line.startswith("CREATE_COMPLETE AWS::CloudFormation::Stack") for line in stacks.workshop.log)


@pytest.mark.parametrize("mode", DEPLOYING)
def test_failed_creation_reports_the_cause_and_rolls_back(stacks: Stacks, mode: str) -> None:
    with pytest.raises(ActionFailed, match=r"^stack is ROLLBACK_COMPLETE: Bad: made to fail by --fail$"):
        stacks.run(mode, BROKEN)
    assert stacks.topics == []


def test_failed_update_leaves_the_stack_as_it_was(stacks: Stacks) -> None:
    stacks.run("CREATE_UPDATE", topic("one"))
    with pytest.raises(ActionFailed, match="stack is UPDATE_ROLLBACK_COMPLETE: MadeToFail: made to fail by --fail"):
        stacks.run("CREATE_UPDATE", topic("two"), fail=True)
    assert stacks.topics == ["one"]
    assert stacks.run("CREATE_UPDATE", topic("two")).variables == {"Name": "two"}


def test_only_replace_on_failure_replaces_a_failed_stack(stacks: Stacks) -> None:
    with pytest.raises(ActionFailed):
        stacks.run("CREATE_UPDATE", BROKEN)
    with pytest.raises(ActionFailed, match="ROLLBACK_COMPLETE"):
        stacks.run("CREATE_UPDATE", topic("one"))
    assert stacks.run("REPLACE_ON_FAILURE", topic("one")).variables == {"Name": "one"}


def test_deletion_is_idempotent(stacks: Stacks) -> None:
    stacks.run("CREATE_UPDATE", topic("one"))
    for _ in range(2):
        assert stacks.run("DELETE_ONLY") == Outcome()
        assert stacks.topics == []


def test_change_set_is_created_then_executed(stacks: Stacks) -> None:
    for name in ("one", "two"):
        before = stacks.topics
        assert stacks.run("CHANGE_SET_REPLACE", topic(name), ChangeSetName="review") == Outcome()
        assert stacks.topics == before
        outcome = stacks.run("CHANGE_SET_EXECUTE", ChangeSetName="review")
        assert (outcome.variables, stacks.topics) == ({"Name": name}, [name])


def test_new_change_set_replaces_the_first(stacks: Stacks) -> None:
    for name in ("one", "two"):
        stacks.run("CHANGE_SET_REPLACE", topic(name), ChangeSetName="review")
    stacks.run("CHANGE_SET_EXECUTE", ChangeSetName="review")
    assert stacks.topics == ["two"]


def test_empty_change_set_is_executed(stacks: Stacks) -> None:
    stacks.run("CREATE_UPDATE", topic("one"))
    stacks.run("CHANGE_SET_REPLACE", topic("one"), ChangeSetName="review")
    assert stacks.run("CHANGE_SET_EXECUTE", ChangeSetName="review").variables == {"Name": "one"}


def test_change_set_of_outputs_only_is_executed(stacks: Stacks) -> None:
    stacks.run("CREATE_UPDATE", topic("one"))
    outputs = {"TopicName": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}}}
    stacks.run("CHANGE_SET_REPLACE", topic("one", Outputs=outputs), ChangeSetName="review")
    assert stacks.run("CHANGE_SET_EXECUTE", ChangeSetName="review").variables == {"TopicName": "one"}


def test_failing_change_set_reports_the_cause(stacks: Stacks) -> None:
    stacks.run("CHANGE_SET_REPLACE", BROKEN, ChangeSetName="review")
    with pytest.raises(ActionFailed, match="Bad: made to fail by --fail"):
        stacks.run("CHANGE_SET_EXECUTE", ChangeSetName="review")


@pytest.mark.parametrize("fail_in", ["CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"])
def test_failed_change_set_leaves_the_stack_unchanged(stacks: Stacks, fail_in: str) -> None:
    """One that is prepared with a resource that cannot be made fails when it is executed, as in CloudFormation."""
    stacks.run("CREATE_UPDATE", topic("one"))
    prepare, execute = ("CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE")
    stacks.run(prepare, topic("two"), fail=fail_in == prepare, ChangeSetName="review")
    assert stacks.topics == ["one"]
    with pytest.raises(ActionFailed, match="made to fail by --fail"):
        stacks.run(execute, fail=fail_in == execute, ChangeSetName="review")
    assert stacks.topics == ["one"]


def test_fail_option_applies_to_modes_without_a_template(stacks: Stacks) -> None:
    for mode in ("DELETE_ONLY", "CHANGE_SET_EXECUTE"):
        with pytest.raises(ActionFailed, match="made to fail by --fail"):
            stacks.run(mode, fail=True, ChangeSetName="review")


def test_parameter_overrides_win_over_the_template_configuration(stacks: Stacks) -> None:
    template = topic(
        "one",
        Parameters={"First": {"Type": "String"}, "Second": {"Type": "String"}},
        Outputs={name: {"Value": {"Ref": name}} for name in ("First", "Second")},
    )
    configuration = {"Parameters": {"First": "file", "Second": "file"}, "Tags": {"Owner": "us"}}
    outcome = stacks.run(
        "CREATE_UPDATE",
        template,
        _with=json.dumps(configuration),
        TemplateConfiguration="Synth::configuration.json",
        ParameterOverrides='{"Second": "override"}',
    )
    assert outcome.variables == {"First": "file", "Second": "override"}
    [stack] = stacks.account.client("cloudformation").describe_stacks(StackName="stack")["Stacks"]
    assert stack["Tags"] == [{"Key": "Owner", "Value": "us"}]


def test_stack_policy_is_a_gap(stacks: Stacks) -> None:
    configuration = {"StackPolicy": {"Statement": [{"Effect": "Deny", "Action": "Update:*", "Resource": "*"}]}}
    stacks.run(
        "CREATE_UPDATE",
        topic("one"),
        _with=json.dumps(configuration),
        TemplateConfiguration="Synth::configuration.json",
    )
    reason = "the stack policy of its template configuration is not applied: it may refuse a later update"
    assert stacks.workshop.details.gaps == [(GapKind.EMULATOR, reason)]


PARAMETERS = {name: {"Type": "String"} for name in ("Bucket", "Key", "Url", "Given", "Count")}


def test_overrides_can_read_artifacts(stacks: Stacks) -> None:
    """The location of an artifact, and a value of a JSON file in it."""
    template = topic("one", Parameters=PARAMETERS, Outputs={name: {"Value": {"Ref": name}} for name in PARAMETERS})
    overrides: dict[str, Any] = {
        "Bucket": {"Fn::GetArtifactAtt": ["Synth", "BucketName"]},
        "Key": {"Fn::GetArtifactAtt": ["Synth", "ObjectKey"]},
        "Url": {"Fn::GetArtifactAtt": ["Synth", "URL"]},
        "Given": {"Fn::GetParam": ["Synth", "configuration.json", "Tag"]},
        "Count": 5,
    }
    values = stacks.run("CREATE_UPDATE", template, _with='{"Tag": "v1"}', ParameterOverrides=json.dumps(overrides))
    home, bucket = stacks.workshop.home, stacks.workshop.bucket
    key = values.variables["Key"]
    assert values.variables == {
        "Bucket": bucket,
        "Key": key,
        "Url": f"https://s3-us-east-1.amazonaws.com/{bucket}/{key}",
        "Given": "v1",
        "Count": "5",
    }
    assert home.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


WRONG_OVERRIDES = {
    '{"Given": ': "ParameterOverrides is not valid JSON",
    '{"Given": {"Fn::GetParam": ["Synth", "configuration.json", "No"]}}': r"Given: .* has no value",
    '{"Given": {"Fn::GetArtifactAtt": ["Synth", "Etag"]}}': r"Given: .* has no value",
    '{"Given": {"Fn::GetParam": ["Other", "x.json", "No"]}}': "Other is not an input artifact of the action",
}


@pytest.mark.parametrize("overrides", WRONG_OVERRIDES)
def test_wrong_override_fails_the_action(stacks: Stacks, overrides: str) -> None:
    with pytest.raises(ActionFailed, match=WRONG_OVERRIDES[overrides]):
        stacks.run("CREATE_UPDATE", topic("one"), _with="{}", ParameterOverrides=overrides)


@pytest.mark.parametrize("mode", DEPLOYING)
def test_outputs_are_a_file_of_the_output_artifact(stacks: Stacks, mode: str) -> None:
    stacks.run(mode, topic("one"), OutputFileName="stack.json")
    assert json.loads(stacks.workshop.artifacts.read("Out::stack.json")) == {"Name": "one"}


def test_yaml_template_is_deployed(stacks: Stacks) -> None:
    template = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: !Sub one\n"
    stacks.run("CREATE_UPDATE", template)
    assert stacks.topics == ["one"]
    with pytest.raises(ActionFailed, match="made to fail by --fail"):
        stacks.run("CREATE_UPDATE", template, fail=True)


def test_large_template_is_deployed(stacks: Stacks) -> None:
    assert stacks.run("CREATE_UPDATE", topic("one", Metadata={"Padding": "x" * 60_000})).variables == {"Name": "one"}


def test_mistakes_are_reported(stacks: Stacks) -> None:
    with pytest.raises(ActionNotEmulated, match="does not support the action mode CREATE_ONLY"):
        stacks.run("CREATE_ONLY")
    with pytest.raises(ActionFailed, match="AWS::No::Type"):
        stacks.run("CREATE_UPDATE", json.dumps({"Resources": {"R": {"Type": "AWS::No::Type"}}}))
    with pytest.raises(ArtifactNotFound, match="artifact Synth has no file lost"):
        stacks.run("CREATE_UPDATE", topic("one"), TemplatePath="Synth::lost")
    assert stacks.topics == []


def test_resource_changes_are_recorded(stacks: Stacks) -> None:
    def template(**topics: str) -> str:
        topics_named = {name: resource("AWS::SNS::Topic", DisplayName=shown) for name, shown in topics.items()}
        named = {"Named": resource("AWS::SNS::Topic", TopicName=topics.get("Kept", ""))}
        return json.dumps({"Resources": topics_named | named})

    stacks.run("CREATE_UPDATE", template(Kept="one", Gone="one"))
    assert effects(stacks) == dict.fromkeys(("Kept", "Gone", "Named"), ("added", ()))
    stacks.run("CREATE_UPDATE", template(Kept="two", New="two"))
    assert effects(stacks) == {
        "Kept": ("changed", ("DisplayName",)),
        "Gone": ("removed", ()),
        "New": ("added", ()),
        "Named": ("replaced", ("TopicName",)),
    }
    stacks.run("CREATE_UPDATE", template(Kept="two", New="two"))
    assert effects(stacks) == {}
    assert not stacks.account.client("cloudformation").list_change_sets(StackName="stack")["Summaries"]
    stacks.run("CHANGE_SET_REPLACE", template(New="two"), ChangeSetName="review")
    assert effects(stacks) == {"Kept": ("removed", ()), "Named": ("replaced", ("TopicName",))}
    stacks.run("DELETE_ONLY")
    assert effects(stacks) == dict.fromkeys(("Kept", "New", "Named"), ("removed", ()))


def test_failed_stack_reported_its_changes(stacks: Stacks) -> None:
    with pytest.raises(ActionFailed):
        stacks.run("CREATE_UPDATE", BROKEN)
    assert effects(stacks) == {"Good": ("added", ()), "Bad": ("added", ())}


def test_deployed_stack_has_its_resources(stacks: Stacks) -> None:
    deployed = stacks.run("CREATE_UPDATE", topic("one")).deployed
    assert deployed is not None
    [found] = deployed.resources
    assert (found.logical_id, found.resource_type) == ("Topic", "AWS::SNS::Topic")
    assert found.physical_id.endswith(":one")


def test_account_secrets_are_masked_in_reports(stacks: Stacks) -> None:
    document = {"username": "engine", "password": "correct horse"}
    secrets = {
        "Database": resource("AWS::SecretsManager::Secret", SecretString=json.dumps(document)),
        "Header": resource("AWS::SecretsManager::Secret", SecretString="battery staple"),
    }
    stacks.run("CREATE_UPDATE", json.dumps({"Resources": secrets}))
    assert stacks.workshop.details.secrets == {json.dumps(document), "correct horse", "battery staple"}


def test_consumers_of_replaced_resources_are_reported(workshop: Workshop, account: Account) -> None:
    def network(block: str) -> dict[str, Any]:
        return {
            "Resources": {
                "Network": resource("AWS::EC2::VPC", CidrBlock=block),
                "Gateway": resource("AWS::EC2::InternetGateway"),
                "Attached": resource(
                    "AWS::EC2::VPCGatewayAttachment",
                    VpcId={"Ref": "Network"},
                    InternetGatewayId={"Ref": "Gateway"},
                ),
            },
            "Outputs": {"Id": {"Value": {"Ref": "Network"}}},
        }

    stacks = Stacks(workshop, account)
    stacks.run("CREATE_UPDATE", json.dumps(network("10.0.0.0/16")))
    reader = resource(
        "AWS::SSM::Parameter",
        Type="String",
        Value={"Fn::GetStackOutput": {"StackName": account.stack, "OutputName": "Id"}},
    )
    account.client("cloudformation").create_stack(
        StackName="reader", TemplateBody=json.dumps({"Resources": {"Reader": reader}})
    )
    account.client("cloudformation").get_waiter("stack_create_complete").wait(
        StackName="reader", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    stacks.run("CREATE_UPDATE", json.dumps(network("10.1.0.0/16")))
    change_set = workshop.details.change_set
    assert change_set is not None
    effects = {change.logical_id: str(change.effect) for change in change_set.changes}
    assert effects["Network"] == "replaced"
    assert {(one.stack, one.logical_id, one.replaced) for one in change_set.affected} >= {
        (account.stack, "Attached", "Network"),
        ("reader", "Reader", "Network"),
    }


def test_stacks_of_one_name_share_neither_template_nor_names(stacks: Stacks) -> None:
    """They are in two regions, and both roles are in the account; a wave prepares both before it deploys either."""
    regions = {"us-east-1": "Here", "eu-west-1": "There"}
    cloud, account = stacks.account.cloud, stacks.account.place.account
    change_set = {"ChangeSetName": "change", "StackName": "storage"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}
    for region, name in regions.items():
        role = resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust, Description=name)
        stacks.run("CHANGE_SET_REPLACE", json.dumps({"Resources": {"Role": role}}), region=region, **change_set)
    folders = {key.rpartition("/")[0] for key in stacks.templates}
    assert folders == {f"execution/{account}/{region}" for region in regions}

    for region in regions:
        stacks.run("CHANGE_SET_EXECUTE", region=region, **change_set)
    found: dict[str, str] = {}
    for region in regions:
        cloudformation = cloud.in_account("cloudformation", AwsEnvironment(account, region))
        [role] = cloudformation.describe_stack_resources(StackName="storage")["StackResources"]
        found[region] = role["PhysicalResourceId"]
    iam = cloud.in_account("iam", stacks.account.place)
    descriptions = {
        region: iam.get_role(RoleName=name)["Role"].get("Description", "") for region, name in found.items()
    }
    assert descriptions == regions
