"""Environments in several regions deploy in waves: in parallel within a wave."""

import json
import re
from collections import Counter

import pytest

from tests.environment_stacks import own_region
from tests.unit.other_settings import FURTHER_REGIONS, Synthesized
from tests.unit.pipeline_definition import Pipeline


@pytest.fixture(scope="module")
def pipeline(app_elsewhere: Synthesized) -> Pipeline:
    return app_elsewhere.pipeline


def test_next_wave_follows_the_bake(pipeline: Pipeline) -> None:
    stages = list(pipeline.stages)[6:]
    assert stages == ["ProdReview", "ProdApproval", "Prod", "Prod-eu-central-1", "ProdWave3"]
    for stage in stages[2:]:
        *_, last = pipeline.stages[stage]
        assert last["Name"].endswith("Bake")


def test_regions_of_a_wave_deploy_in_parallel(pipeline: Pipeline) -> None:
    by_region: dict[str | None, list[int]] = {}
    for action in pipeline.stages["ProdWave3"]:
        # The firewall of CloudFront is in us-east-1 for every region.
        if action["ActionTypeId"]["Provider"] == "CloudFormation" and "firewall" not in action["Name"]:
            by_region.setdefault(action.get("Region"), []).append(action["RunOrder"])
    assert by_region.keys() == {"ap-northeast-1", "ap-southeast-2"}
    assert by_region["ap-northeast-1"] == by_region["ap-southeast-2"]
    assert len(by_region["ap-northeast-1"]) == len(own_region("prod")) - len(["firewall"])


def test_one_review_and_approval_for_all_regions(pipeline: Pipeline) -> None:
    command = pipeline.buildspec("ProdReview", "ReviewChanges")["phases"]["build"]["commands"][0]
    assert command.count("--stage ") == 4
    last = re.findall(r"--last-stack (\S+?)'?(?: |$)", command)
    assert last == ["yawl-prod-monitoring", *(f"yawl-prod-{region}-monitoring" for region in FURTHER_REGIONS)]
    project = pipeline.project("ProdReview", "ReviewChanges")
    given = {one["Name"]: one["Value"] for one in project["Environment"]["EnvironmentVariables"]}
    assert given["LATER_STAGES"] == "ProdApproval Prod Prod-eu-central-1 ProdWave3"
    comment = pipeline.action("ProdApproval", "Approve")["Configuration"]["CustomData"]
    assert "to prod (account 444444444444, eu-west-1, eu-central-1, ap-northeast-1, ap-southeast-2)?" in comment


@pytest.mark.parametrize("stage", ["Prod", "Prod-eu-central-1", "ProdWave3"])
def test_each_wave_has_its_window_and_rollback(stage: str, pipeline: Pipeline) -> None:
    [found] = [one for one in pipeline.definition["Stages"] if one["Name"] == stage]
    [rule] = found["BeforeEntry"]["Conditions"][0]["Rules"]
    assert rule["RuleTypeId"]["Provider"] == "DeploymentWindow"
    assert found["OnFailure"] == {"Result": "ROLLBACK"}


def test_roles_are_created_once_per_account(app_elsewhere: Synthesized) -> None:
    templates = [json.loads(file.read_text()) for file in app_elsewhere.folder.rglob("yawldeliveryProd*.template.json")]
    names = Counter(
        resource["Properties"]["RoleName"]
        for template in templates
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role" and "RoleName" in resource["Properties"]
    )
    assert names["CloudWatch-CrossAccountSharingRole"] == 1
    assert max(names.values()) == 1, names


def test_names_in_a_further_region_end_with_the_region(pipeline: Pipeline) -> None:
    stacks = [
        action["Configuration"]["StackName"]
        for action in pipeline.stages["Prod-eu-central-1"]
        if action["ActionTypeId"]["Provider"] == "CloudFormation"
    ]
    assert all(name.startswith("yawl-prod-eu-central-1-") for name in stacks)
    tests = next(
        action for action in pipeline.stages["Prod-eu-central-1"] if action["Name"].endswith("IntegrationTests")
    )
    project = pipeline.resources[tests["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    given = {one["Name"]: one["Value"] for one in project["Environment"]["EnvironmentVariables"]}
    assert (given["ENVIRONMENT"], given["ENVIRONMENT_REGION"]) == ("prod-eu-central-1", "eu-central-1")


def test_each_wave_is_notified_and_recorded(pipeline: Pipeline) -> None:
    by_handler = {one["Handler"]: one["Environment"]["Variables"] for one in pipeline.of_type("AWS::Lambda::Function")}
    environments = json.loads(by_handler["delivery_events.notify.handler"]["ENVIRONMENTS"])
    assert environments["ProdWave3"] == "prod in ap-northeast-1, ap-southeast-2"
    written = json.loads(by_handler["delivery_events.record.handler"]["ENVIRONMENTS"])
    assert written == {"Dev": "dev", "Prod": "prod", "Prod-eu-central-1": "prod", "ProdWave3": "prod"}
