"""Actions that call Lambda, Step Functions, S3 and ECS really do, with their role, and fail as CodePipeline does."""

import io
import json
import textwrap
import zipfile
from dataclasses import asdict
from typing import Any

import pytest

from rehearsal.actions.run import ActionFailed, ActionNotRehearsed
from rehearsal.actions.services import bucket, container_service, function, state_machine
from rehearsal.engine.artifacts import ArtifactNotFound
from rehearsal.gaps import Gap, GapKind
from tests.rehearsal.emulator.action_runner import Workshop


def define(workshop: Workshop, body: str, *, runtime: str = "python3.12") -> None:
    """Create the function `check`, whose handler has this body."""
    code = "import boto3, json, os\n\n\ndef handler(event, context):\n    job = event['CodePipeline.job']\n"
    code += "    pipeline = boto3.client('codepipeline')\n"
    code += textwrap.indent(textwrap.dedent(body), "    ")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)
    workshop.home.client("lambda").create_function(
        FunctionName="check",
        Runtime=runtime,
        Handler="index.handler",
        Role=workshop.role(workshop.home, "function"),
        Code={"ZipFile": packed.getvalue()},
        Timeout=30,
    )


def invoke(workshop: Workshop, **options: Any) -> dict[str, str]:
    configuration = {"FunctionName": "check", "UserParameters": '{"level": 3}'}
    return dict(workshop.run(function.execute, configuration, **options).variables)


class TestLambda:
    def test_function_gets_the_job_and_reports_variables(self, workshop: Workshop) -> None:
        define(
            workshop,
            """
            configuration = job["data"]["actionConfiguration"]["configuration"]
            level = json.loads(configuration["UserParameters"])["level"]
            variables = {"Level": str(level), "Account": job["accountId"]}
            pipeline.put_job_success_result(jobId=job["id"], outputVariables=variables)
            """,
        )
        assert invoke(workshop) == {"Level": "3", "Account": workshop.home.place.account}

    def test_function_reads_the_details_of_its_job(self, workshop: Workshop) -> None:
        define(
            workshop,
            """
            found = pipeline.get_job_details(jobId=job["id"])["jobDetails"]
            context, configuration = found["data"]["pipelineContext"], found["data"]["actionConfiguration"]
            variables = {"Pipeline": context["pipelineName"], "Stage": context["stage"]["name"]}
            variables["Level"] = configuration["configuration"]["UserParameters"]
            try:
                pipeline.put_job_success_result(jobId="00000000-0000-0000-0000-000000000000")
            except pipeline.exceptions.JobNotFoundException:
                pipeline.put_job_success_result(jobId=job["id"], outputVariables=variables)
            """,
        )
        assert invoke(workshop) == {"Pipeline": "pipeline", "Stage": "Stage", "Level": '{"level": 3}'}

    def test_function_that_cannot_run_is_not_rehearsed(self, workshop: Workshop) -> None:
        define(workshop, "", runtime="java21")
        with pytest.raises(ActionNotRehearsed, match="the function check needs the runtime java21") as gap:
            invoke(workshop)
        assert gap.value.kind is GapKind.RUNTIME

    def test_reported_failure_is_the_reason(self, workshop: Workshop) -> None:
        define(
            workshop,
            """
            details = {"type": "JobFailed", "message": "the site is down"}
            pipeline.put_job_failure_result(jobId=job["id"], failureDetails=details)
            """,
        )
        with pytest.raises(ActionFailed, match=r"^function check: the site is down$"):
            invoke(workshop)

    def test_function_that_raises_or_reports_nothing_fails(self, workshop: Workshop) -> None:
        define(workshop, "raise ValueError('odd')")
        with pytest.raises(ActionFailed, match=r"function check failed: \S+: odd"):
            invoke(workshop)
        workshop.home.client("lambda").delete_function(FunctionName="check")
        workshop.home.client("iam").delete_role_policy(RoleName="function", PolicyName="anything")
        workshop.home.client("iam").delete_role(RoleName="function")
        define(workshop, "return 'fine'")
        with pytest.raises(ActionFailed, match="ended without a result of the job"):
            invoke(workshop)

    def test_function_continues_later(self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rehearsal.actions.services.function.CONTINUE_SECONDS", 0)
        define(
            workshop,
            """
            token = job["data"].get("continuationToken", "")
            more = {} if token == "11" else {"continuationToken": token + "1"}
            pipeline.put_job_success_result(jobId=job["id"], outputVariables={"Token": token}, **more)
            """,
        )
        assert invoke(workshop) == {"Token": "11"}

    def test_function_reads_and_writes_artifacts_with_the_jobs_credentials(self, workshop: Workshop) -> None:
        define(
            workshop,
            """
            found = job["data"]["artifactCredentials"]
            s3 = boto3.client(
                "s3",
                aws_access_key_id=found["accessKeyId"],
                aws_secret_access_key=found["secretAccessKey"],
                aws_session_token=found["sessionToken"],
            )
            [given] = job["data"]["inputArtifacts"]
            [made] = job["data"]["outputArtifacts"]
            source, target = given["location"]["s3Location"], made["location"]["s3Location"]
            body = s3.get_object(Bucket=source["bucketName"], Key=source["objectKey"])["Body"].read()
            s3.put_object(Bucket=target["bucketName"], Key=target["objectKey"], Body=body)
            pipeline.put_job_success_result(jobId=job["id"])
            """,
        )
        workshop.artifact("In", file__txt="text")
        assert invoke(workshop, inputs=("In",), outputs=("Out",)) == {}
        assert workshop.artifacts.read("Out::file.txt") == "text"

    def test_role_must_be_allowed_to_invoke(self, workshop: Workshop) -> None:
        define(workshop, "pipeline.put_job_success_result(jobId=job['id'])")
        workshop.home.client("iam").delete_role_policy(RoleName="pipeline", PolicyName="anything")
        with pytest.raises(ActionFailed, match="not authorized to perform: lambda:InvokeFunction"):
            invoke(workshop)
        with pytest.raises(ActionFailed, match="made to fail by --fail"):
            invoke(workshop, fail=True)


def machine(workshop: Workshop, state: dict[str, Any]) -> str:
    """Create a state machine of one state; return its ARN."""
    return workshop.home.client("stepfunctions").create_state_machine(
        name="machine",
        roleArn=workshop.role(workshop.home, "states"),
        definition=json.dumps({"StartAt": "Only", "States": {"Only": state}}),
    )["stateMachineArn"]


class TestStepFunctions:
    def test_execution_gets_the_input(self, workshop: Workshop) -> None:
        arn = machine(workshop, {"Type": "Pass", "End": True})
        workshop.artifact("In", input__json='{"from": "file"}')
        cases: list[tuple[dict[str, str], tuple[str, ...], str]] = [
            ({"Input": '{"a": 1}', "ExecutionNamePrefix": "mine"}, (), '{"a": 1}'),
            ({}, (), "{}"),
            ({"InputType": "FilePath", "Input": "input.json"}, ("In",), '{"from": "file"}'),
        ]
        for configuration, inputs, expected in cases:
            variables = workshop.run(
                state_machine.execute, {"StateMachineArn": arn, **configuration}, inputs=inputs
            ).variables
            assert variables["StateMachineArn"] == arn
            found = workshop.home.client("stepfunctions").describe_execution(executionArn=variables["ExecutionArn"])
            assert (found["status"], json.loads(found["input"])) == ("SUCCEEDED", json.loads(expected))
            assert found["name"].startswith(configuration.get("ExecutionNamePrefix", ""))

    def test_execution_that_needs_what_cannot_run_is_not_rehearsed(self, workshop: Workshop) -> None:
        define(workshop, "", runtime="java21")
        function_arn = workshop.home.client("lambda").get_function(FunctionName="check")["Configuration"]["FunctionArn"]
        arn = machine(workshop, {"Type": "Task", "Resource": function_arn, "End": True})
        with pytest.raises(ActionNotRehearsed, match="the function check needs the runtime java21"):
            workshop.run(state_machine.execute, {"StateMachineArn": arn})

    def test_integration_that_the_emulator_lacks_is_not_rehearsed(self, workshop: Workshop) -> None:
        task = {"Type": "Task", "Resource": "arn:aws:states:::apigateway:invoke", "End": True}
        with pytest.raises(ActionNotRehearsed, match="apigateway:invoke is not yet implemented") as gap:
            workshop.run(state_machine.execute, {"StateMachineArn": machine(workshop, task)})
        assert gap.value.kind is GapKind.EMULATOR

    def test_task_of_ecs_is_not_rehearsed(self, workshop: Workshop) -> None:
        """Its containers do not run, so that its end would be an invention."""
        account = workshop.home
        account.client("ecs").create_cluster(clusterName="main")
        containers = [{"name": "job", "image": "example/job:1", "memory": 128}]
        account.client("ecs").register_task_definition(family="migrate", containerDefinitions=containers)
        parameters = {"Cluster": "main", "TaskDefinition": "migrate"}
        task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters, "End": True}
        with pytest.raises(ActionNotRehearsed, match="migrate: the containers of RunTask do not run here"):
            workshop.run(state_machine.execute, {"StateMachineArn": machine(workshop, task)})
        gaps = account.cloud.fact("unserved")["gaps"]
        where = f"task definition migrate in {account.place}"
        reason = "the containers of RunTask do not run here"
        assert asdict(Gap(GapKind.WORKLOAD, where, reason)) in gaps
        assert account.client("ecs").list_tasks(cluster="main")["taskArns"] == []

    def test_failed_execution_fails_the_action(self, workshop: Workshop) -> None:
        arn = machine(workshop, {"Type": "Fail", "Error": "Broken", "Cause": "no such site"})
        with pytest.raises(ActionFailed, match="ended as FAILED: Broken: no such site"):
            workshop.run(state_machine.execute, {"StateMachineArn": arn})

    def test_state_machine_must_exist(self, workshop: Workshop) -> None:
        arn = machine(workshop, {"Type": "Pass", "End": True})
        with pytest.raises(ActionFailed, match="no-such"):
            workshop.run(state_machine.execute, {"StateMachineArn": arn.replace("machine", "no-such")})


class TestS3:
    @pytest.fixture
    def site(self, workshop: Workshop) -> str:
        name = f"site-{workshop.home.place.account}"
        region = {"LocationConstraint": workshop.home.place.region}
        workshop.home.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=region)
        workshop.artifact("Site", index__html="<p>", data__json="{}")
        return name

    def keys(self, workshop: Workshop, name: str) -> set[str]:
        return {item["Key"] for item in workshop.home.client("s3").list_objects_v2(Bucket=name).get("Contents", [])}

    @pytest.mark.parametrize("key", ["", "v1/", "v1"])
    def test_files_are_extracted_below_the_key(self, workshop: Workshop, site: str, key: str) -> None:
        configuration = {"BucketName": site, "Extract": "true", "CacheControl": "no-cache"}
        workshop.run(bucket.execute, {**configuration, **({"ObjectKey": key} if key else {})}, inputs=("Site",))
        prefix = "v1/" if key else ""
        assert self.keys(workshop, site) == {f"{prefix}index.html", f"{prefix}data.json"}
        found = workshop.home.client("s3").head_object(Bucket=site, Key=f"{prefix}index.html")
        assert (found["ContentType"], found["CacheControl"]) == ("text/html", "no-cache")

    def test_artifact_is_put_as_it_is(self, workshop: Workshop, site: str) -> None:
        configuration = {"BucketName": site, "Extract": "false"}
        workshop.run(bucket.execute, {**configuration, "ObjectKey": "site.zip"}, inputs=("Site",))
        assert self.keys(workshop, site) == {"site.zip"}
        with pytest.raises(ActionFailed, match="needs an ObjectKey"):
            workshop.run(bucket.execute, configuration, inputs=("Site",))

    def test_refusals_fail_the_action(self, workshop: Workshop, site: str) -> None:
        configuration = {"BucketName": "no-such-bucket", "Extract": "true"}
        with pytest.raises(ActionFailed, match="bucket does not exist"):
            workshop.run(bucket.execute, configuration, inputs=("Site",))
        reading = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
        workshop.home.client("iam").put_role_policy(
            RoleName="pipeline", PolicyName="anything", PolicyDocument=json.dumps(reading)
        )
        with pytest.raises(ActionFailed, match="not authorized to perform: s3:PutObject"):
            workshop.run(bucket.execute, {**configuration, "BucketName": site}, inputs=("Site",))


class TestEcs:
    CONFIGURATION = {"ClusterName": "cluster", "ServiceName": "web"}

    @pytest.fixture
    def ecs(self, workshop: Workshop) -> Any:
        client = workshop.home.client("ecs")
        client.create_cluster(clusterName="cluster")
        containers = [{"name": name, "image": f"{name}:1", "memory": 128} for name in ("app", "proxy")]
        client.register_task_definition(family="web", containerDefinitions=containers, cpu="256", memory="512")
        client.create_service(cluster="cluster", serviceName="web", taskDefinition="web", desiredCount=0)
        return client

    def definition(self, ecs: Any) -> dict[str, Any]:
        [service] = ecs.describe_services(cluster="cluster", services=["web"])["services"]
        return ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]

    def test_service_gets_a_revision_with_the_images(self, workshop: Workshop, ecs: Any) -> None:
        workshop.artifact("Images", imagedefinitions__json='[{"name": "app", "imageUri": "app:2"}]')
        workshop.run(container_service.execute, self.CONFIGURATION, inputs=("Images",))
        found = self.definition(ecs)
        images = {item["name"]: item["image"] for item in found["containerDefinitions"]}
        assert (found["revision"], images) == (2, {"app": "app:2", "proxy": "proxy:1"})
        assert (found["cpu"], found["memory"]) == ("256", "512")
        assert workshop.details.gaps == [(GapKind.WORKLOAD, container_service.NO_TASKS)]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ('[{"name": "other", "imageUri": "app:2"}]', "has no container other; it has: app, proxy"),
            ('{"app": "app:2"}', "is not a list of"),
            ("[", "is not a list of"),
        ],
    )
    def test_wrong_file_fails_the_action(self, workshop: Workshop, ecs: Any, text: str, reason: str) -> None:
        workshop.artifact("Images", mine__json=text)
        configuration = {**self.CONFIGURATION, "FileName": "mine.json"}
        with pytest.raises(ActionFailed, match=reason):
            workshop.run(container_service.execute, configuration, inputs=("Images",))
        with pytest.raises(ArtifactNotFound):
            workshop.run(container_service.execute, self.CONFIGURATION, inputs=("Images",))
        assert self.definition(ecs)["revision"] == 1

    def test_service_must_exist(self, workshop: Workshop, ecs: Any) -> None:
        assert self.definition(ecs)["revision"] == 1
        workshop.artifact("Images", imagedefinitions__json="[]")
        with pytest.raises(ActionFailed, match="service other does not exist in cluster cluster"):
            workshop.run(container_service.execute, {**self.CONFIGURATION, "ServiceName": "other"}, inputs=("Images",))
