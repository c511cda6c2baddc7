"""The delivery pipeline, read from its template: order, gates, tests, builds and what they run."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk.assertions import Template

from cloud_assembly.limits import ACTIONS_PER_STAGE, ROLE_POLICY_BYTES, largest_role_policy, most_actions_in_a_stage
from jobs.change_review.__main__ import LONGEST_CHANGES
from jobs.change_review.approval.page import LONGEST_RISK
from jobs.change_review.approval.release import LONGEST_RUNS
from jobs.change_review.costs import cost_change
from jobs.change_review.pipeline_run import MAX_TITLE_LENGTH
from jobs.change_review.review import Review
from pipeline.steps.approval_step import LONGEST as LONGEST_VARIABLES
from pipeline.steps.approval_step import LONGEST_RESULT, comment, regions, results
from pipeline.steps.change_review_step import NOTHING
from settings import Settings
from settings.types.environment_names import LONGEST
from tests.environment_stacks import LEVELS_OF, own_region
from tests.paths import ROOT
from tests.unit.other_settings import Synthesized
from tests.unit.pipeline_definition import BUILDS, ENVIRONMENTS, REVIEWED_IN, Pipeline
from tools.bench.delivery_path import BAKE, REVIEW, deliveries

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

EARLIER = {"Dev": "", "Staging": " --earlier dev", "Prod": " --earlier dev --earlier staging"}
PINNED = json.loads((ROOT / "package.json").read_text())["devDependencies"]
WITHOUT_TAGS = (
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",  # does, but the library does not give it any
    "AWS::IAM::Policy",
    "AWS::KMS::Alias",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
)
"""The types in the pipeline's stack that take no tags."""
STAGES = ["DevReview", "Dev", "StagingReview", "Staging", "ProdReview", "ProdApproval", "Prod"]


def test_order_of_stages(pipeline: Pipeline) -> None:
    assert list(pipeline.stages) == ["Source", "Build", "UpdatePipeline", "Assets", *STAGES]


FIXED: dict[str, Callable[[Pipeline], tuple[Any, Any]]] = {
    "the pipeline is of type V2": lambda it: (it.definition["PipelineType"], "V2"),
    "its name is known before it exists": lambda it: (it.definition["Name"], "yawl-delivery"),
    "it starts over when it has changed itself": lambda it: (it.definition["RestartExecutionOnUpdate"], True),
    "the source is the repository's branch": lambda it: (
        {key: it.action("Source", "Source")["Configuration"][key] for key in ("FullRepositoryId", "BranchName")},
        {"FullRepositoryId": "example/yawl-delivery", "BranchName": "main"},
    ),
    "Synth runs one command of the repository's own": lambda it: (
        it.buildspec("Build", "Synth")["phases"]["build"]["commands"],
        ["make synth", "git checkout-index --all --prefix=source/"],
    ),
    "Synth hands on cdk.out, and the commit's files": lambda it: (
        [one["base-directory"] for one in it.buildspec("Build", "Synth")["artifacts"]["secondary-artifacts"].values()],
        ["cdk.out", "source"],
    ),
    "only Synth clones, and may use the connection": lambda it: (
        (
            [
                action["Name"]
                for actions in it.stages.values()
                for action in actions
                if it.action("Source", "Source")["OutputArtifacts"][0] in action.get("InputArtifacts", [])
            ],
            [
                project
                for project, resource in it.resources.items()
                if resource["Type"] == "AWS::CodeBuild::Project"
                and "UseConnection"
                in json.dumps(it.statements_of(resource["Properties"]["ServiceRole"]["Fn::GetAtt"][0]))
            ],
            it.action("Source", "Source")["Configuration"]["OutputArtifactFormat"],
        ),
        (["Synth"], [it.action("Build", "Synth")["Configuration"]["ProjectName"]["Ref"]], "CODEBUILD_CLONE_REF"),
    ),
    "self-mutation deploys the assembly that Synth made": lambda it: (
        it.buildspec("UpdatePipeline", "SelfMutate")["phases"]["build"]["commands"],
        ["cdk -a . deploy yawl-delivery --require-approval=never --verbose"],
    ),
    "one action publishes all assets": lambda it: (
        [action["Name"] for action in it.stages["Assets"]],
        ["FileAssets"],
    ),
    "Synth keeps its downloads": lambda it: (
        it.project("Build", "Synth")["Cache"],
        {"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]},
    ),
}


@pytest.mark.parametrize("fact", FIXED)
def test_pipeline_properties(fact: str, pipeline: Pipeline) -> None:
    found, expected = FIXED[fact](pipeline)
    assert found == expected


def test_assets_are_published_by_the_pinned_cli(assembly: "CloudAssembly") -> None:
    [buildspec] = Path(assembly.directory).glob("buildspec-*.yaml")
    assert json.loads(buildspec.read_text())["phases"]["install"]["commands"] == [
        f"npm install -g cdk-assets@{PINNED['cdk-assets']}"
    ]


@pytest.mark.parametrize("stage", ENVIRONMENTS)
class TestEnvironment:
    """Facts about each environment's stage."""

    def test_every_stack_is_one_action_that_can_be_retried(self, stage: str, pipeline: Pipeline) -> None:
        deployments = [
            action for action in pipeline.stages[stage] if action["ActionTypeId"]["Provider"] == "CloudFormation"
        ]
        assert {action["Configuration"]["ActionMode"] for action in deployments} == {"CREATE_UPDATE"}
        assert len(deployments) == len(LEVELS_OF[stage.lower()])

    def test_stacks_deploy_in_the_environments_account(self, stage: str, pipeline: Pipeline) -> None:
        roles = [
            json.dumps([action["RoleArn"], action["Configuration"]["RoleArn"]])
            for action in pipeline.stages[stage]
            if action["ActionTypeId"]["Provider"] == "CloudFormation"
        ]
        assert all(role.count(f":iam::{ENVIRONMENTS[stage]}:role/cdk-") == 2 for role in roles)

    def test_order_of_actions_in_a_stage(self, stage: str, pipeline: Pipeline) -> None:
        *stacks, tests, bake = pipeline.stages[stage]
        assert (tests["Name"], bake["Name"]) == ("IntegrationTests", "Bake")
        assert bake["RunOrder"] > tests["RunOrder"] > max(action["RunOrder"] for action in stacks)

    def test_bake_watches_the_alarm_for_the_set_time(
        self, stage: str, pipeline: Pipeline, settings: Settings, template: Callable[[str, str], Template]
    ) -> None:
        name = stage.lower()
        minutes = settings.environments[name].bake_minutes
        project = pipeline.project(stage, "Bake")
        given = {variable["Name"]: variable["Value"] for variable in project["Environment"]["EnvironmentVariables"]}
        assert given["BAKE_MINUTES"] == str(minutes)
        assert project["TimeoutInMinutes"] > minutes
        monitoring = template(name, "monitoring")
        monitoring.has_resource_properties("AWS::CloudWatch::CompositeAlarm", {"AlarmName": given["ALARM_NAME"]})
        role = given["ALARM_READER_ROLE_ARN"].rpartition("/")[2]
        monitoring.has_resource_properties("AWS::IAM::Role", {"RoleName": role})

    def test_failed_stage_rolls_back(self, stage: str, pipeline: Pipeline) -> None:
        [found] = [one for one in pipeline.definition["Stages"] if one["Name"] == stage]
        assert found["OnFailure"] == {"Result": "ROLLBACK"}

    def test_integration_tests_run_the_make_target(self, stage: str, pipeline: Pipeline) -> None:
        _, files = pipeline.action("Build", "Synth")["OutputArtifacts"]
        assert pipeline.action(stage, "IntegrationTests")["InputArtifacts"] == [files]
        commands = pipeline.buildspec(stage, "IntegrationTests")["phases"]["build"]["commands"]
        assert commands == [
            "export $APPLICATION $CACHE $DATABASE $DISTRIBUTION $STORAGE",
            "make integration-tests",
        ]

    def test_bake_runs_the_make_target_alone(self, stage: str, pipeline: Pipeline) -> None:
        """A command after it, or `|| true`, would hide that it failed."""
        phases = pipeline.buildspec(stage, "Bake")["phases"]
        assert (set(phases), phases["build"]) == ({"install", "build"}, {"commands": ["make bake"]})

    def test_integration_tests_get_the_environment(self, stage: str, pipeline: Pipeline) -> None:
        name = stage.lower()
        given = {
            variable["Name"]: variable["Value"]
            for variable in pipeline.project(stage, "IntegrationTests")["Environment"]["EnvironmentVariables"]
        }
        stacks = given.pop("STACK_NAMES").split(",")
        assert sorted(stacks) == sorted(f"yawl-{name}-{part}" for part in own_region(name))
        assert given == {
            "ENVIRONMENT": name,
            "ENVIRONMENT_REGION": "us-east-1",
            "HEALTH_PATH": "/resourceService/",
            "ALARM_NAME_PREFIX": f"yawl-{name}-",
            "DEADLINE_SECONDS": "600",
            "CONSECUTIVE_SUCCESSES": "5",
            "SAMPLE_REQUESTS": "100",
            "P99_LIMIT_SECONDS": "2.0",
            "ERROR_RATE_LIMIT_PERCENT": "5",
        }

    def test_integration_tests_get_the_stack_outputs(self, stage: str, pipeline: Pipeline) -> None:
        given = pipeline.action(stage, "IntegrationTests")["Configuration"]["EnvironmentVariables"]
        parts = ("application", "cache", "database", "distribution", "storage")
        assert {variable["name"]: variable["value"] for variable in json.loads(given)} == {
            part.upper(): "#{"
            + pipeline.action(stage, f"yawl-{stage.lower()}-{part}.Deploy")["Namespace"]
            + ".TestVariables}"
            for part in parts
        }
        longer = len(parts) * (LONGEST - len(stage))
        assert len(given) + longer <= 1000, "more than CodePipeline takes, for an environment with a long name"

    def test_integration_test_summary_is_exported_even_on_failure(self, stage: str, pipeline: Pipeline) -> None:
        specification = pipeline.buildspec(stage, "IntegrationTests")
        assert specification["env"]["exported-variables"] == ["SUMMARY"]
        assert specification["phases"]["build"]["finally"] == ['export SUMMARY="$(cat report/integration-tests.txt)"']

    def test_integration_tests_leave_a_report(self, stage: str, pipeline: Pipeline) -> None:
        assert pipeline.buildspec(stage, "IntegrationTests")["reports"] == {
            "integration-tests": {
                "base-directory": "report",
                "files": ["integration-tests.xml"],
                "file-format": "JUNITXML",
            }
        }

    def test_build_timeout_exceeds_the_deadline(self, stage: str, pipeline: Pipeline, settings: Settings) -> None:
        deadline = settings.environments[stage.lower()].verification.deadline_seconds
        assert pipeline.project(stage, "IntegrationTests")["TimeoutInMinutes"] * 60 > deadline


class TestGate:
    """The approval of production."""

    def test_approval_only_where_set(self, pipeline: Pipeline) -> None:
        asking = [
            stage
            for stage, actions in pipeline.stages.items()
            if any(action["ActionTypeId"]["Provider"] == "Manual" for action in actions)
        ]
        assert asking == ["ProdApproval"]

    def test_approval_is_between_review_and_deployment(self, pipeline: Pipeline) -> None:
        order = list(pipeline.stages)
        assert order.index("ProdReview") < order.index("ProdApproval") < order.index("Prod")

    @pytest.mark.parametrize(
        "figure",
        [
            "to prod (account 444444444444, us-east-1)",
            "Test results: #{Dev@IntegrationTests.SUMMARY}; #{Staging@IntegrationTests.SUMMARY}.",
            "Deploy #{Source@example_yawl-delivery.CommitId} ",
            "executions/#{codepipeline.PipelineExecutionId}/",
            "#{ProdReview@ReviewChanges.CHANGES}",
            "“#{ProdReview@ReviewChanges.TITLE}”",
            "Runs now: #{ProdReview@ReviewChanges.RUNS}.",
            "Risk: #{ProdReview@ReviewChanges.RISK}.",
        ],
    )
    def test_approval_text(self, figure: str, pipeline: Pipeline) -> None:
        assert figure in pipeline.action("ProdApproval", "Approve")["Configuration"]["CustomData"]

    def test_approval_text_is_within_the_limits(self, pipeline: Pipeline) -> None:
        comment = pipeline.action("ProdApproval", "Approve")["Configuration"]["CustomData"]
        longest = {
            "CommitId": 40,
            "PipelineExecutionId": 36,
            "TITLE": MAX_TITLE_LENGTH,
            "RUNS": LONGEST_RUNS,
            "RISK": LONGEST_RISK,
            "SUMMARY": len("staging") + LONGEST_RESULT,
            "CHANGES": LONGEST_CHANGES,
        }
        filled = re.sub(r"#\{[^.}]+\.(\w+)\}", lambda found: "x" * longest[found.group(1)], comment)
        assert len(filled) < 1000
        assert {
            "commit": longest["CommitId"],
            "title": longest["TITLE"],
            "runs": longest["RUNS"],
            "risk": longest["RISK"],
            "changes": longest["CHANGES"],
            "execution": longest["PipelineExecutionId"],
        } == LONGEST_VARIABLES

    def test_approval_text_has_the_results_that_fit(self, settings: Settings) -> None:
        name = "e" * LONGEST
        further = dict.fromkeys(("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4"), 2)
        prod = settings.environments["prod"].model_copy(update={"region": "ap-northeast-1", "further_regions": further})
        assert regions(prod) == "ap-northeast-1, ap-southeast-1, ap-southeast-2 and 2 further regions"
        values = {variable: "x" * length for variable, length in LONGEST_VARIABLES.items()}
        where = f"{name} (account {prod.account}, {regions(prod)})"
        text = comment(where, "", values, region="ap-southeast-1", pipeline_name="yawl-delivery")
        room = 1000 - len(text)
        assert room >= len(results({name: "#"}, room=room)) > 0
        assert results({}, room=room) == "No earlier environment has tested it."
        assert results({"dev": "D", "staging": "S"}, room=140) == "Test results: S."
        assert results({"dev": "D", "staging": "S"}, room=160) == "Test results: D; S."
        assert results({"a": "A", "b": "B", "c": "C", "d": "D"}, room=1000) == "Test results: B; C; D."

    def test_approval_links_to_the_review(self, pipeline: Pipeline) -> None:
        review = pipeline.action("ProdReview", "ReviewChanges")
        link = pipeline.action("ProdApproval", "Approve")["Configuration"]["ExternalEntityLink"]
        assert link == f"#{{{review['Namespace']}.REVIEW}}"

    def test_approval_has_no_topic_of_its_own(self, pipeline: Pipeline) -> None:
        assert "NotificationArn" not in pipeline.action("ProdApproval", "Approve")["Configuration"]


@pytest.mark.parametrize(("environment", "stage"), REVIEWED_IN.items())
class TestReview:
    """The change review runs before the deployment."""

    def test_review_is_the_first_action(self, environment: str, stage: str, pipeline: Pipeline) -> None:
        order = list(pipeline.stages)
        assert order.index(stage) <= order.index(environment)
        first, *others = pipeline.stages[stage]
        assert first["Name"] == "ReviewChanges"
        assert all(action["RunOrder"] > first["RunOrder"] for action in others)

    def test_review_compares_the_environments_assembly(self, environment: str, stage: str, pipeline: Pipeline) -> None:
        commands = pipeline.buildspec(stage, "ReviewChanges")["phases"]["build"]["commands"]
        assert commands[0] == (
            f"make change-review ARGS='--environment {environment.lower()} "
            f"--stage cdk.out/assembly-yawl-delivery-{environment} "
            # The first review also looks for environments that were removed.
            f"--last-stack yawl-{environment.lower()}-monitoring{EARLIER[environment] or ' --removed-environments'}'"
        )
        synth = pipeline.action("Build", "Synth")["OutputArtifacts"]
        assert synth[0] in pipeline.action(stage, "ReviewChanges")["InputArtifacts"]

    def test_review_knows_the_stages_after_it(self, environment: str, stage: str, pipeline: Pipeline) -> None:
        """An earlier execution in one of them makes the comparison out of date."""
        variables = pipeline.project(stage, "ReviewChanges")["Environment"]["EnvironmentVariables"]
        [later] = [one["Value"] for one in variables if one["Name"] == "LATER_STAGES"]
        assert later == ("ProdApproval Prod" if environment == "Prod" else environment)

    def test_it_may_look_at_accounts_and_write_its_review_and_nothing_else(
        self, environment: str, stage: str, pipeline: Pipeline
    ) -> None:
        assert environment in stage
        found = pipeline.statements(stage, "ReviewChanges")
        [assume] = [one for one in found if one["Action"] == "sts:AssumeRole"]
        # Of every account, because the environment may have been in another one before.
        assert assume["Resource"] == "arn:aws:iam::*:role/cdk-hnb659fds-lookup-role-*-*"
        [put] = [one for one in found if "s3:PutObject" in one["Action"]]
        assert json.dumps(put["Resource"]).endswith(f'/change-reviews/{environment.lower()}/*"]]}}')
        [read] = [one for one in found if one["Action"] == "s3:GetObject"]
        paths = re.findall(r'"(/[^"]*)"', json.dumps(read["Resource"]))
        earlier = [name.lower() for name in list(ENVIRONMENTS)[: list(ENVIRONMENTS).index(environment)]]
        assert set(paths) == {
            f"/{environment.lower()}/*",
            *(path for one in earlier for path in (f"/{one}/*", f"/change-reviews/{one}/*")),
        }
        buckets = re.findall(r'"(\w+)", "Arn"', json.dumps([put["Resource"], read["Resource"]]))
        assert {name[:14] for name in buckets} == {"ReleaseRecords"}


def test_approval_is_skipped_without_changes(pipeline: Pipeline) -> None:
    entries = {stage["Name"]: stage.get("BeforeEntry") for stage in pipeline.definition["Stages"]}
    assert {name for name, entry in entries.items() if entry} == {"ProdApproval"}
    [condition] = entries["ProdApproval"]["Conditions"]
    [rule] = condition["Rules"]
    assert condition["Result"] == "SKIP"
    assert (rule["RuleTypeId"]["Provider"], rule["Configuration"]) == (
        "VariableCheck",
        {"Variable": "#{ProdReview@ReviewChanges.CHANGES}", "Operator": "NE", "Value": "prod: nothing changes"},
    )


def test_environment_with_a_window_and_without_a_bake(small_app: Synthesized) -> None:
    pipeline = small_app.pipeline
    [dev] = [stage for stage in pipeline.definition["Stages"] if stage["Name"] == "Dev"]
    [rule] = dev["BeforeEntry"]["Conditions"][0]["Rules"]
    assert (rule["RuleTypeId"]["Provider"], rule["Configuration"]) == (
        "DeploymentWindow",
        {"Cron": "* * 9-15 ? * MON-THU *", "TimeZone": "Europe/Berlin"},
    )
    assert [action["Name"] for action in pipeline.stages["Dev"]][-1] == "IntegrationTests"


def test_every_push_starts_a_release_that_a_newer_one_may_supersede(pipeline: Pipeline) -> None:
    assert "Triggers" not in pipeline.definition
    # The default.
    assert "ExecutionMode" not in pipeline.definition


def test_queued_releases_of_some_pushes(small_app: Synthesized) -> None:
    properties = small_app.pipeline.definition
    assert properties["ExecutionMode"] == "QUEUED"
    assert properties["Triggers"] == [
        {
            "ProviderType": "CodeStarSourceConnection",
            "GitConfiguration": {
                "SourceActionName": properties["Stages"][0]["Actions"][0]["Name"],
                "Push": [
                    {
                        "Branches": {"Includes": ["main"]},
                        "FilePaths": {"Includes": ["**"], "Excludes": ["docs/**", "*.md"]},
                    }
                ],
            },
        }
    ]


def test_no_changes_text_matches_the_skip_condition() -> None:
    nothing = Review(
        environment="prod", stacks=(), findings=(), orphaned_stacks=(), cost=cost_change("prod", [], []), is_first=False
    )
    assert nothing.summary() == f"prod: {NOTHING}"


@pytest.mark.parametrize(("stage", "action"), BUILDS)
class TestBuild:
    """Facts about each build."""

    def test_build_image_size_and_privileges(self, stage: str, action: str, pipeline: Pipeline) -> None:
        environment = pipeline.project(stage, action)["Environment"]
        assert (environment["Image"], environment["ComputeType"], environment["PrivilegedMode"]) == (
            "aws/codebuild/amazonlinux-x86_64-standard:6.0",
            "BUILD_GENERAL1_SMALL",
            False,
        )

    def test_build_timeouts(self, stage: str, action: str, pipeline: Pipeline) -> None:
        assert pipeline.project(stage, action)["TimeoutInMinutes"] <= 30

    def test_build_log_retention(self, stage: str, action: str, pipeline: Pipeline) -> None:
        group = pipeline.project(stage, action)["LogsConfig"]["CloudWatchLogs"]["GroupName"]["Ref"]
        assert pipeline.resources[group]["Properties"]["RetentionInDays"] == 90

    def test_build_output_encryption(self, stage: str, action: str, pipeline: Pipeline) -> None:
        key = pipeline.project(stage, action)["EncryptionKey"]["Fn::GetAtt"][0]
        assert pipeline.resources[key]["Properties"]["EnableKeyRotation"] is True

    def test_build_runtimes_are_pinned(
        self, stage: str, action: str, pipeline: Pipeline, assembly: "CloudAssembly"
    ) -> None:
        source = pipeline.project(stage, action)["Source"]["BuildSpec"]
        text = source if source.startswith("{") else Path(assembly.directory, source).read_text()
        assert json.loads(text)["phases"]["install"]["runtime-versions"] == {"python": "3.11", "nodejs": "24"}


WAYS = [
    # environment, serial actions and CodeBuild runs until it is verified, and the same without reviews and bakes
    ("Dev", (10, 5), (9, 4)),
    ("Staging", (17, 8), (14, 5)),
    ("Prod", (25, 11), (20, 6)),
]


@pytest.mark.parametrize(("stage", "whole", "bare"), WAYS, ids=[row[0] for row in WAYS])
def test_time_to_the_first_deployment(
    stage: str, whole: tuple[int, int], bare: tuple[int, int], pipeline_template: Template
) -> None:
    definition = pipeline_template.to_json()
    for expected, without in ((whole, ()), (bare, (REVIEW, BAKE))):
        [way] = [way for way in deliveries(definition, without=without) if way.stage == stage]
        assert (way.serial_depth, way.builds) == expected


def test_pipeline_is_within_hard_limits(pipeline_template: Template) -> None:
    template = pipeline_template.to_json()
    assert most_actions_in_a_stage(template) <= ACTIONS_PER_STAGE / 2
    assert largest_role_policy(template) <= ROLE_POLICY_BYTES / 2


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("Environment", "delivery"),
        ("Owner", "platform-team"),
        ("CostCenter", "engineering"),
        ("Compliance", "nist-800-53-r5+pci-dss-3.2.1+hipaa-security"),
        ("BackupPolicy", "none"),
    ],
)
def test_pipelines_own_resources_are_tagged(tag: str, value: str, pipeline: Pipeline) -> None:
    taggable = [resource for resource in pipeline.resources.values() if resource["Type"] not in WITHOUT_TAGS]
    assert len(taggable) > 20
    assert all({"Key": tag, "Value": value} in resource["Properties"]["Tags"] for resource in taggable)
