"""The mail about a failed Synth action, with the notifier's own permissions in an emulated account."""

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from aws_cdk.assertions import Template

from lambdas.delivery_events.execution import DeployedStack, read
from lambdas.delivery_events.notice_builder import NoticeBuilder
from lambdas.delivery_events.outcome import Stages
from rehearsal.engine.cloud import Credentials
from tests.rehearsal.emulator.aws.test_events import publish_event
from tests.rehearsal.emulator.conftest import Account, resource
from tests.unit.pipeline_definition import Pipeline

FAILING = "tests/unit/test_x.py::test_y FAILED [ 3%]"
NOTIFIER = "lambda.amazonaws.com"
READS = ("codebuild:BatchGetBuilds", "logs:GetLogEvents")


@dataclass(frozen=True)
class Clients:
    """boto3 clients with the notifier's credentials."""

    account: Account
    credentials: Credentials

    def home(self, service: str) -> Any:
        return self.account.cloud.client(service, self.account.place.region, self.credentials)

    def environment(self, service: str, stack: DeployedStack) -> Any:
        raise NotImplementedError


def notifier(account: Account, pipeline: Pipeline) -> Clients:
    """Give a role in the account what the template allows the notifier to read by name."""
    [function] = [one for one in pipeline.of_type("AWS::Lambda::Function") if "notify" in one["Handler"]]
    statements: list[dict[str, Any]] = []
    for statement in pipeline.statements_of(function["Role"]["Fn::GetAtt"][0]):
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        if statement["Action"] in READS:
            statements.append({**statement, "Resource": [one for one in resources if isinstance(one, str)]})
    policy = json.dumps({"Statement": statements}).replace("111111111111", account.place.account)
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": NOTIFIER}, "Action": "sts:AssumeRole"}]}
    iam = account.client("iam")
    role = iam.create_role(RoleName="notifier", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="notifier", PolicyName="own", PolicyDocument=policy.replace("us-east-1", account.place.region)
    )
    return Clients(account, account.cloud.assume_as_service(NOTIFIER, role, "notifier"))


def failed_synth(account: Account, pipeline: Pipeline) -> str:
    """Deploy the Synth project under its logical id, and let a build of it fail; return the project's name."""
    project = pipeline.action("Build", "Synth")["Configuration"]["ProjectName"]["Ref"]
    group = pipeline.resources[project]["Properties"]["LogsConfig"]["CloudWatchLogs"]["GroupName"]["Ref"]
    names = account.deploy(
        **{
            group: resource("AWS::Logs::LogGroup"),
            project: resource(
                "AWS::CodeBuild::Project",
                ServiceRole=f"arn:aws:iam::{account.place.account}:role/build",
                Source={"Type": "CODEPIPELINE"},
                Artifacts={"Type": "CODEPIPELINE"},
                Environment={
                    "Type": "LINUX_CONTAINER",
                    "Image": "aws/codebuild/standard:7.0",
                    "ComputeType": "BUILD_GENERAL1_SMALL",
                },
            ),
        }
    )
    place = {"logGroupName": names[group], "logStreamName": "one"}
    logs = account.client("logs")
    logs.create_log_stream(**place)
    lines = ("collecting", FAILING, "make: *** [Makefile:78: check] Error 1")
    now = int(time.time() * 1000)
    logs.put_log_events(**place, logEvents=[{"timestamp": now, "message": line} for line in lines])
    action = {
        "stage": "Build",
        "action": "Synth",
        "action-execution-id": "one-0",
        "type": {"owner": "AWS", "provider": "CodeBuild", "category": "Build", "version": "1"},
        "region": account.place.region,
    }
    publish_event(account, "STARTED")
    publish_event(account, "STARTED", **action, known={})
    log = {"groupName": names[group], "streamName": "one"}
    known = {"external_id": f"{names[project]}:one", "summary": "Build terminated with state: FAILED", "log": log}
    publish_event(account, "FAILED", **action, known=known)
    return names[project]


def test_mail_about_a_failed_synth_has_the_failing_line(account: Account, pipeline_template: Template) -> None:
    pipeline = Pipeline(pipeline_template.to_json()["Resources"])
    account = replace(account, stack="yawl-delivery")
    project = failed_synth(account, pipeline)
    builder = NoticeBuilder(
        execution=read(account.client("codepipeline"), "pipeline", "one"),
        stages=Stages(environments={}, deployments=()),
        region=account.place.region,
        clients=notifier(account, pipeline),
    )
    notice = builder.notice({"detail": {"stage": "Build", "state": "FAILED"}})
    assert notice
    assert FAILING in notice.as_mail()
    # CloudFormation names a project after the first 27 characters of its logical id, without the stack's name.
    assert project.startswith("PipelineBuildSynthCdkBuildP-")
    assert len(project) == 40
