"""A small pipeline in an emulated account, with executions, artifacts and release records."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.engine.cloud import Cloud
from tests.rehearsal.emulator.aws.test_events import publish_event
from tests.rehearsal.emulator.conftest import Account
from tests.rehearsal.emulator.small_assembly import write_assembly

PIPELINE = "delivery"
STACK = "yawl-test-one"


def answering(answer: str) -> Callable[[str], str]:
    """Return what stands in for `input`."""

    def ask(_: str) -> str:
        return answer

    return ask


def kind(category: str, provider: str) -> dict[str, str]:
    return {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}


def build(name: str, order: int = 1) -> dict[str, Any]:
    return {"Name": name, "ActionTypeId": kind("Build", "CodeBuild"), "RunOrder": order}


@dataclass
class PipelineSite:
    """An account with a pipeline that deploys the environment `test`, and what is recorded of it."""

    account: Account
    folder: Path
    assembly: Path = field(init=False)
    artifacts: str = field(init=False)
    records: str = field(init=False)

    def __post_init__(self) -> None:
        resources = {"Topic": {"Type": "AWS::SNS::Topic"}}
        self.folder.mkdir()
        self.assembly = write_assembly(self.folder, self.account.place, "Test", **{STACK: (resources, [])})
        Account(self.account.cloud, self.account.place, STACK).deploy(**resources)
        account = self.account.place.account
        self.artifacts, self.records = f"artifacts-{account}", f"records-{account}"
        for bucket in (self.artifacts, self.records):
            self.account.client("s3").create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": self.account.place.region}
            )
        self.deploy()

    @property
    def cloud(self) -> Cloud:
        return self.account.cloud

    def template(self, bake: str, *, has_hotfix: bool = True) -> dict[str, Any]:
        source = {"Name": "Source", "ActionTypeId": kind("Source", "CodeStarSourceConnection"), "RunOrder": 1}
        deploy = {
            "Name": "one.Deploy",
            "ActionTypeId": kind("Deploy", "CloudFormation"),
            "Configuration": {"StackName": STACK, "TemplatePath": f"Built::nested/{STACK}.json"},
            "RunOrder": 1,
        }
        properties = {
            "Name": PIPELINE,
            "PipelineType": "V2",
            "RoleArn": f"arn:aws:iam::{self.account.place.account}:role/pipeline",
            "ArtifactStore": {"Type": "S3", "Location": self.artifacts},
            **({"Variables": [{"Name": "HOTFIX", "DefaultValue": "no"}]} if has_hotfix else {}),
            "Stages": [
                {"Name": "Source", "Actions": [source]},
                {"Name": "Build", "Actions": [build("Synth")]},
                {
                    "Name": "Dev",
                    "Actions": [{**build("Bake"), "Configuration": {"EnvironmentVariables": "#{variables.HOTFIX}"}}],
                },
                {"Name": "Test", "Actions": [deploy, build(bake, 2)]},
            ],
        }
        return {
            "Resources": {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": properties}},
            "Outputs": {"ReleaseRecordBucket": {"Value": self.records}},
        }

    def deploy(self, bake: str = "Bake", *, has_hotfix: bool = True) -> None:
        """Deploy the pipeline; another name of its last action is another version of it."""
        body = json.dumps(self.template(bake, has_hotfix=has_hotfix))
        (self.folder / f"{PIPELINE}.json").write_text(body)
        cloudformation = self.account.client("cloudformation")
        exists = Account(self.cloud, self.account.place, PIPELINE).settled() != "DELETE_COMPLETE"
        (cloudformation.update_stack if exists else cloudformation.create_stack)(
            StackName=PIPELINE, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        Account(self.cloud, self.account.place, PIPELINE).settled()

    @property
    def version(self) -> int:
        return self.account.client("codepipeline").get_pipeline(name=PIPELINE)["pipeline"]["version"]

    def run(
        self,
        commit: str,
        *,
        execution: str = "",
        state: str = "SUCCEEDED",
        stage: str = "Test",
        recorded: bool = True,
        kept: bool = True,
    ) -> str:
        """Record an execution of the commit whose last action is in that stage and state; return its id.

        `kept` says whether its artifacts still exist.
        """
        execution = execution or f"{commit}-{state}"
        self._publish("STARTED", execution)
        variables = {"CommitId": commit * 40, "CommitMessage": f"Change {commit}"}
        self._action("Source", "Source", "SUCCEEDED", execution, variables=variables)
        key = f"{PIPELINE}/Built/{execution}"
        place = {"name": "Built", "s3location": {"bucket": self.artifacts, "key": key}}
        self._action("Build", "Synth", "SUCCEEDED", execution, artifacts=[place])
        if kept:
            self.account.client("s3").put_object(Bucket=self.artifacts, Key=key, Body=self._packed())
        self._action(stage, "Bake", state, execution)
        if state != "STARTED":
            self._publish(state, execution)
        if state == "SUCCEEDED" and recorded:
            self.record(commit, execution)
        return execution

    def record(self, commit: str, execution: str) -> None:
        """Write the release record of an execution, each a day after the one before."""
        s3 = self.account.client("s3")
        day = 1 + s3.list_objects_v2(Bucket=self.records).get("KeyCount", 0)
        content = {
            "environment": "test",
            "regions": [self.account.place.region],
            "released": f"2026-11-{day:02}T10:00:00+00:00",
            "commit": commit * 40,
            "title": f"Change {commit}",
            "approver": "arn:aws:sts::1:assumed-role/Approver/grace",
            "tests": ["test: 24 passed"],
            "execution": execution,
            "review": f"change-reviews/test/{execution}.html",
            "rolled_back_from": "",
        }
        s3.put_object(Bucket=self.records, Key=f"test/{day:02}-{execution}.json", Body=json.dumps(content).encode())

    def started(self) -> list[dict[str, Any]]:
        """What was started in this account's pipeline."""
        return [one for one in self.cloud.fact("started") if one["account"] == self.account.place.account]

    def _packed(self) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file in self.assembly.rglob("*.json"):
                archive.write(file, file.relative_to(self.assembly))
        return packed.getvalue()

    def _publish(self, state: str, execution: str, **more: Any) -> None:
        publish_event(self.account, state, execution, pipeline=PIPELINE, version=float(self.version), **more)

    def _action(self, stage: str, name: str, state: str, execution: str, **known: Any) -> None:
        category = "Source" if name == "Source" else "Build"
        self._publish(
            state,
            execution,
            stage=stage,
            action=name,
            type={"owner": "AWS", "provider": "any", "category": category, "version": "1"},
            region=self.account.place.region,
            **{"action-execution-id": f"{execution}-{stage}-{name}"},
            known=known,
        )
