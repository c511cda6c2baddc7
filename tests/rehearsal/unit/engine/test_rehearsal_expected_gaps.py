"""What cannot be rehearsed is known before anything starts."""

from typing import Any

import pytest

from cloud_assembly import Stack
from rehearsal.actions.services.container_service import NO_TASKS
from rehearsal.engine.expected_gaps import expected_gaps, unknown_branches
from rehearsal.gaps import Gap, GapKind

NO_DOCKER = "the build needs Docker, and no Docker daemon is running on this machine"


def action(name: str, category: str, provider: str, **configuration: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "ActionTypeId": {"Category": category, "Provider": provider, "Owner": "AWS", "Version": "1"},
        "Configuration": configuration,
    }


def build(name: str, project: str) -> dict[str, Any]:
    return action(name, "Build", "CodeBuild", ProjectName={"Ref": project})


def project(text: str, **environment: Any) -> dict[str, Any]:
    found = {"Image": "aws/codebuild/standard:7.0", **environment}
    return {"Type": "AWS::CodeBuild::Project", "Properties": {"Environment": found, "Source": {"BuildSpec": text}}}


def stack(*actions: dict[str, Any], **conditions: Any) -> Stack:
    """A pipeline of one stage, with two projects."""
    resources = {
        "Pipeline": {
            "Type": "AWS::CodePipeline::Pipeline",
            "Properties": {"Stages": [{"Name": "Dev", "Actions": list(actions), **conditions}]},
        },
        "Plain": project("buildspec.yml", PrivilegedMode=False),
        "Assets": project("buildspec-Assets.yaml", PrivilegedMode=True),
        "Image": project('{"phases": {"build": {"commands": ["docker build ."]}}}', PrivilegedMode=True),
        "Synth": project('{"phases": {"build": {"commands": ["npx cdk synth"]}}}', PrivilegedMode=True),
        "Own": project("buildspec.yml", Image="example.com/own:1"),
    }
    return Stack(name="Delivery", account="1" * 12, region="us-east-1", template={"Resources": resources})


@pytest.mark.parametrize(
    ("category", "provider"),
    [
        ("Deploy", "CodeDeploy"),
        ("Deploy", "CodeDeployToECS"),
        ("Deploy", "CloudFormationStackSet"),
        ("Deploy", "CloudFormationStackInstances"),
        ("Deploy", "ElasticBeanstalk"),
        ("Deploy", "ServiceCatalog"),
        ("Deploy", "AppConfig"),
        ("Deploy", "AlexaSkillsKit"),
        ("Build", "Jenkins"),
        ("Test", "DeviceFarm"),
        ("Invoke", "Snyk"),
        ("Source", "Bitbucket"),
    ],
)
def test_action_without_a_runner_is_a_gap(category: str, provider: str) -> None:
    found = expected_gaps(stack(action("It", category, provider)))
    assert found == [Gap(GapKind.ACTION, "Dev/It", f"{category} actions of {provider} are not rehearsed")]


def test_tasks_that_an_action_deploys_do_not_run() -> None:
    assert expected_gaps(stack(action("It", "Deploy", "ECS"))) == [Gap(GapKind.WORKLOAD, "Dev/It", NO_TASKS)]


def test_image_that_is_not_codebuilds_is_a_gap() -> None:
    reason = "the build ran outside of its image example.com/own:1"
    assert expected_gaps(stack(build("Test", "Own"))) == [Gap(GapKind.RUNTIME, "Dev/Test", reason)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("VpcConfig", "the build ran outside of its VPC, "),
        ("FileSystemLocations", "the build ran without the project's "),
    ],
)
def test_network_and_files_of_a_project_are_gaps(name: str, reason: str) -> None:
    found = stack(build("Test", "Plain"))
    found.template["Resources"]["Plain"]["Properties"][name] = [{"Any": "thing"}]
    [gap] = expected_gaps(found)
    assert (gap.kind, gap.where) == (GapKind.RUNTIME, "Dev/Test")
    assert gap.reason.startswith(reason)


def test_build_of_images_needs_docker() -> None:
    asked: list[bool] = []

    def has_docker() -> bool:
        asked.append(True)
        return False

    found = stack(build("Test", "Plain"), build("Image", "Image"), build("Other", "Assets"), build("Synth", "Synth"))
    assert expected_gaps(found, has_docker=has_docker) == [
        Gap(GapKind.DOCKER, "Dev/Image", NO_DOCKER),
        Gap(GapKind.DOCKER, "Dev/Other", NO_DOCKER),
    ]
    assert len(asked) == 1
    assert expected_gaps(found, has_docker=lambda: True) == []


def source(name: str, provider: str) -> dict[str, Any]:
    return {**action(name, "Source", provider), "OutputArtifacts": [{"Name": name}]}


def test_every_source_but_one_needs_contents() -> None:
    """The commit is delivered by the source that the first build reads, whatever stands first."""
    synth = action("Synth", "Build", "CodeBuild", ProjectName={"Ref": "Plain"}, PrimarySource="App")
    synth |= {"InputArtifacts": [{"Name": "Library"}, {"Name": "App"}], "RunOrder": 2}
    found = stack(source("Library", "GitHub"), source("App", "CodeCommit"), source("Image", "ECR"), synth)
    library = "delivers an empty artifact; give it its contents with --source Library=FOLDER"
    image = "delivers a placeholder for its image; give it a folder with imageDetail.json with --source Image=FOLDER"
    assert expected_gaps(found) == [
        Gap(GapKind.SOURCE, "Dev/Library", library),
        Gap(GapKind.SOURCE, "Dev/Image", image),
    ]
    assert expected_gaps(found, sources=["Library", "Image"]) == []


@pytest.mark.parametrize("provider", ["CodeStarSourceConnection", "GitHub", "CodeCommit", "S3"])
def test_only_source_delivers_the_commit(provider: str) -> None:
    assert expected_gaps(stack(source("It", provider))) == []


def test_rule_that_cannot_be_evaluated_is_a_gap() -> None:
    def conditions(*providers: str) -> dict[str, Any]:
        rules = [{"Name": "R", "RuleTypeId": {"Category": "Rule", "Provider": provider}} for provider in providers]
        return {"Conditions": [{"Result": "FAIL", "Rules": rules}]}

    evaluated = ("CloudWatchAlarm", "CodeBuild", "Commands", "LambdaInvoke", "VariableCheck")
    found = stack(OnSuccess=conditions(*evaluated, "Moon"), BeforeEntry=conditions("DeploymentWindow"))
    reason = "rules of Moon are not rehearsed and count as met"
    assert expected_gaps(found) == [Gap(GapKind.ACTION, "Dev", reason)]


@pytest.mark.parametrize(
    ("setting", "branches", "expected"),
    [
        ("BranchName", {"main", "dev"}, []),
        ("BranchName", {"master"}, [("Dev/It", True)]),
        ("Branch", {"master"}, [("Dev/It", True)]),
        # A clone of one commit, as in CI, has no branch.
        ("BranchName", set(), []),
    ],
)
def test_branch_that_the_repository_lacks_is_not_proved(
    setting: str, branches: set[str], expected: list[tuple[str, bool]]
) -> None:
    source = action("It", "Source", "CodeStarSourceConnection", **{setting: "main"})
    source["OutputArtifacts"] = [{"Name": "Code"}]
    found = list(unknown_branches(stack(source), "Pipeline", branches))
    assert [(gap.where, gap.is_minor) for gap in found] == expected


def test_branch_that_only_a_deployment_knows_is_no_gap() -> None:
    source = action("It", "Source", "CodeStarSourceConnection", BranchName={"Ref": "Branch"})
    source["OutputArtifacts"] = [{"Name": "Code"}]
    assert list(unknown_branches(stack(source), "Pipeline", {"master"})) == []
