"""Calls that our own code and the CDK CLI make, including those on failure paths.

Each row names the file that makes the call. Remove the row when the file stops making it.
"""

import json
import re
from collections.abc import Iterator

from rehearsal.emulator.permissions.service_calls.creation import handler_actions
from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import (
    Call,
    Row,
    calls,
    key_calls,
    object_context,
    object_read,
    object_write,
    person,
    role,
    row,
)

OUR_CALLS: list[Row] = []
"""The table."""

LOOKUP_ROLE = "arn:aws:iam::{account}:role/cdk-hnb659fds-lookup-role-{account}-{region}"
METRICS = {"cloudwatch:namespace": "YAWLMaintenance"}
FUNCTION, PROJECT, ROLE = "AWS::Lambda::Function", "AWS::CodeBuild::Project", "AWS::IAM::Role"


def assume(caller_arn: str, role_arn: str, **context: str) -> Call:
    """Return the call by which a role assumes another."""
    return Call(role(caller_arn), "sts:AssumeRole", role_arn, context)


@row(
    "Notifier",
    FUNCTION,
    source="lambdas/delivery_events/execution.py, notice.py, deduplication.py, notify.py",
    table=OUR_CALLS,
)
def notifying(function: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the notifier's reads, claims and publications."""
    if not function.logical_id.startswith("NotificationsNotifierFunction"):
        return
    own, variables = role(function.at("Role")), function.at("Environment", "Variables")
    for pipeline in resources.of_type("AWS::CodePipeline::Pipeline"):
        yield from calls(
            own, "codepipeline:GetPipelineExecution ListActionExecutions ListPipelineExecutions", pipeline.arn
        )
    if bucket := resources.bucket(variables["BUCKET"]):
        yield from object_write(own, bucket, "notifications/claim", resources)
        yield from calls(own, "s3:DeleteObject", f"{bucket.arn}/notifications/claim")
    for name in ("APPROVAL_TOPIC", "DELIVERY_TOPIC"):
        topic = resources.by_arn(variables[name])
        yield from calls(own, "sns:Publish", variables[name])
        key = resources.key(topic.at("KmsMasterKeyId"), topic) if topic else None
        yield from key_calls(own, "GenerateDataKey Decrypt", key, through="sns")


@row("Notifier", FUNCTION, source="lambdas/delivery_events/failure.py: why an action failed", table=OUR_CALLS)
def explaining_a_failure(function: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the notifier's reads of builds, build logs and stack events."""
    if not function.logical_id.startswith("NotificationsNotifierFunction"):
        return
    own = role(function.at("Role"))
    for project in resources.of_type(PROJECT):
        yield from calls(own, "codebuild:BatchGetBuilds", project.arn)
        group = project.at("LogsConfig", "CloudWatchLogs", "GroupName")
        stream = f"arn:aws:logs:{project.region}:{project.account}:log-group:{group}:log-stream:build"
        yield from calls(own, "logs:GetLogEvents", stream)
    yield from _assumed_by(function, resources)


@row("Recorder", FUNCTION, source="lambdas/delivery_events/record.py", table=OUR_CALLS)
def recording_a_release(function: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the recorder's reads of the execution and its write of the record."""
    if not function.logical_id.startswith("ReleaseRecordsRecorderFunction"):
        return
    own, variables = role(function.at("Role")), function.at("Environment", "Variables")
    for pipeline in resources.of_type("AWS::CodePipeline::Pipeline"):
        yield from calls(own, "codepipeline:GetPipelineExecution ListActionExecutions", pipeline.arn)
    if bucket := resources.bucket(variables["BUCKET"]):
        yield from object_write(own, bucket, "prod/record.json", resources)
    yield from _assumed_by(function, resources)


@row(
    "Delivery metrics",
    FUNCTION,
    source="lambdas/delivery_metrics/history.py, published_figures.py, incidents.py",
    table=OUR_CALLS,
)
def measuring_a_delivery(function: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the reads and writes of the delivery metrics."""
    if not function.logical_id.startswith("DeliveryMetricsEventsFunction"):
        return
    own = role(function.at("Role"))
    for pipeline in resources.of_type("AWS::CodePipeline::Pipeline"):
        yield from calls(own, "codepipeline:ListPipelineExecutions ListActionExecutions", pipeline.arn)
    table = resources.named("AWS::DynamoDB::Table", function.at("Environment", "Variables", "TABLE_NAME"), function)
    if table:
        yield from calls(own, "dynamodb:Query PutItem", table.arn)
    for watched in json.loads(function.at("Environment", "Variables", "WATCHED")):
        yield assume(function.at("Role"), watched["role"])
        account = watched["role"].split(":")[4]
        for alarm in watched["alarms"]:
            arn = f"arn:aws:cloudwatch:{watched['region']}:{account}:alarm:{alarm}"
            yield from calls(role(watched["role"]), "cloudwatch:DescribeAlarmHistory", arn)


@row("Recovery check", FUNCTION, source="lambdas/daily_checks/check_backups.py", table=OUR_CALLS)
def checking_recovery(function: Resource, _resources: Resources) -> Iterator[Call]:
    """Yield the reads of recovery points and restore tests."""
    variables = function.at("Environment", "Variables", default={})
    if "VAULTS" not in variables:
        return
    own = role(function.at("Role"))
    for vault in variables["VAULTS"].split():
        name, _, region = vault.partition("@")
        arn = f"arn:aws:backup:{region}:{function.account}:backup-vault:{name}"
        yield from calls(own, "backup:ListRecoveryPointsByBackupVault DescribeBackupVault", arn)
    yield from calls(own, "backup:GetRestoreTestingPlan ListRestoreJobs", "*")
    yield Call(own, "cloudwatch:PutMetricData", "*", METRICS)


@row("Drift check", FUNCTION, source="lambdas/daily_checks/find_drift.py", table=OUR_CALLS)
def detecting_drift(function: Resource, _resources: Resources) -> Iterator[Call]:
    """Yield the calls of drift detection, on stacks and on each of their resources."""
    prefix = function.at("Environment", "Variables", "STACK_PREFIX")
    if not prefix:
        return
    own = role(function.at("Role"))
    stack = f"arn:aws:cloudformation:{function.region}:{function.account}:stack/{prefix}network/id"
    actions = "DetectStackDrift DetectStackResourceDrift DescribeStackResourceDrifts"
    yield from calls(own, f"cloudformation:{actions}", stack)
    yield from calls(own, "cloudformation:DescribeStacks DescribeStackDriftDetectionStatus", "*")
    yield Call(own, "cloudwatch:PutMetricData", "*", METRICS)


@row(
    "Drift check",
    FUNCTION,
    source="CloudFormation resource provider schemas, handlers.read.permissions: drift detection reads with the "
    "caller's permissions",
    may_be_refused=True,
    table=OUR_CALLS,
)
def reading_for_drift(function: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the reads of each resource; a resource whose read is denied is reported as not compared."""
    prefix = function.at("Environment", "Variables", "STACK_PREFIX")
    if not prefix:
        return
    own = role(function.at("Role"))
    # As in the function: a hyphen means another environment, and it reads its own region only.
    read = [
        item
        for item in resources
        if re.fullmatch(rf"{re.escape(prefix)}[a-z]+", item.stack)
        and (item.account, item.region) == (function.account, function.region)
    ]
    for resource_type in sorted({item.type for item in read}):
        for action in handler_actions(resource_type, "read"):
            yield Call(own, action, "*")
    for item in read:
        if item.arn:
            for action in handler_actions(item.type, "read"):
                yield Call(own, action, item.arn)


@row("Integration tests", ROLE, source="integration_tests/*_checks.py, credentials.py", table=OUR_CALLS)
def integration_test_calls(tested: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the integration tests' reads with the environment's role."""
    if not tested.at("RoleName", default="").endswith("-integration-tests"):
        return
    own = role(tested.arn)
    environment = tested.at("RoleName").removesuffix("-integration-tests")
    scope = f"{tested.region}:{tested.account}"
    yield from calls(
        own, "cloudformation:DescribeStacks", f"arn:aws:cloudformation:{scope}:stack/{environment}-network/id"
    )
    yield from calls(own, "cloudwatch:DescribeAlarms", "*")
    yield from calls(own, "elasticloadbalancing:DescribeTargetHealth", "*")
    yield from calls(own, "ecs:DescribeTaskDefinition", "*")
    for item in resources:
        if (item.account, item.region) != (tested.account, tested.region):
            continue
        if not re.fullmatch(rf"{re.escape(environment)}-[a-z]+", item.stack):
            continue
        if item.type == "AWS::ECS::Service":
            cluster = resources.named("AWS::ECS::Cluster", item.at("Cluster"), item)
            yield from calls(own, "ecs:DescribeServices", item.arn)
            if cluster:
                task = f"arn:aws:ecs:{scope}:task/{cluster.name}/0123456789abcdef"
                yield from calls(own, "ecs:DescribeTasks", task)
                yield Call(own, "ecs:ListTasks", "*", {"ecs:cluster": cluster.arn})
        if item.type == "AWS::RDS::DBInstance":
            yield from calls(own, "rds:DescribeDBInstances", item.arn)
            group = item.at("DBParameterGroupName", default="")
            name = group if group.startswith(item.stack) else f"{item.stack}-{group}"
            yield from calls(own, "rds:DescribeDBParameters", f"arn:aws:rds:{scope}:pg:{name}")
            secret = item.attributes.get("MasterUserSecret.SecretArn")
            if secret:
                yield from calls(own, "secretsmanager:DescribeSecret", secret)
        if item.type == "AWS::ElastiCache::ReplicationGroup":
            yield from calls(own, "elasticache:DescribeReplicationGroups", item.arn)
        if item.type == "AWS::SecretsManager::Secret" and item.stack.endswith("-application"):
            yield from calls(own, "secretsmanager:GetSecretValue", item.arn)
            key = resources.key(item.at("KmsKeyId"), item)
            yield from key_calls(own, "Decrypt", key, through="secretsmanager")


@row(
    "Notifier and recorder",
    ROLE,
    source="lambdas/delivery_events/failure.py, record.py: events of a failed stack, templates and tasks",
    table=OUR_CALLS,
)
def reading_a_delivery(reader: Resource, _resources: Resources) -> Iterator[Call]:
    """Yield the reads of the pipeline's functions with the environment's delivery-reader role."""
    if not reader.at("RoleName", default="").endswith("-delivery-reader"):
        return
    own, environment = role(reader.arn), reader.at("RoleName").removesuffix("-delivery-reader")
    stack = f"arn:aws:cloudformation:{reader.region}:{reader.account}:stack/{environment}-application/id"
    yield from calls(own, "cloudformation:DescribeStackEvents DescribeStackResource GetTemplate", stack)
    ecs = f"arn:aws:ecs:{reader.region}:{reader.account}"
    yield from calls(own, "ecs:DescribeTasks", f"{ecs}:task/{environment}/0123456789abcdef")
    yield Call(own, "ecs:ListTasks", "*", {"ecs:cluster": f"{ecs}:cluster/{environment}"})


@row("Bake", ROLE, source="jobs/bake/watch.py", table=OUR_CALLS)
def watching_alarms(bake_role: Resource, _resources: Resources) -> Iterator[Call]:
    """Yield the reads of alarms after a release."""
    if bake_role.at("RoleName", default="").endswith("-bake"):
        yield from calls(role(bake_role.arn), "cloudwatch:DescribeAlarms DescribeAlarmHistory", "*")


@row(
    "CloudWatch console",
    ROLE,
    source="CloudWatch User Guide, 'Cross-account cross-Region CloudWatch console': the console assumes the "
    "sharing role",
    table=OUR_CALLS,
)
def sharing_alarms(sharing: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the reads of the pipeline's dashboard in another account."""
    if sharing.at("RoleName") != "CloudWatch-CrossAccountSharingRole":
        return
    for pipeline in resources.of_type("AWS::CodePipeline::Pipeline"):
        yield Call(person(pipeline), "sts:AssumeRole", sharing.arn)
    yield from calls(role(sharing.arn), "cloudwatch:DescribeAlarms", "*")


@row(
    "Integration tests and bake",
    PROJECT,
    source="integration_tests/account.py, jobs/bake/__main__.py: each assumes its environment's role",
    table=OUR_CALLS,
)
def entering_an_environment(project: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the builds' assumption of their role in the environment's account."""
    variables = _variables(project)
    own = project.at("ServiceRole")
    if bake_role := variables.get("ALARM_READER_ROLE_ARN"):
        yield assume(own, bake_role)
        return
    if "STACK_NAMES" not in variables:
        return
    name = f"yawl-{variables['ENVIRONMENT']}-integration-tests"
    for found in resources.of_type(ROLE):
        if found.at("RoleName") == name:
            yield assume(own, found.arn)


@row(
    "Change review",
    PROJECT,
    source="jobs/change_review/deployed_stacks.py, pipeline_run.py, approval/release_records.py",
    table=OUR_CALLS,
)
def reviewing_changes(project: Resource, resources: Resources) -> Iterator[Call]:
    """Yield a review's reads of stacks, executions and release records, and the upload of its page."""
    variables = _variables(project)
    found = re.search(r"--stage cdk\.out/assembly-yawl-delivery-(\S+)", str(project.at("Source", "BuildSpec")))
    if "PUBLISH_TO" not in variables or not found:
        return
    own = role(project.at("ServiceRole"))
    for pipeline in resources.of_type("AWS::CodePipeline::Pipeline"):
        yield from calls(own, "codepipeline:GetPipelineState GetPipelineExecution", pipeline.arn)
        for account, region in sorted(
            {(a, r) for stage, a, r in _deployments(pipeline) if stage == found[1].strip("'")}
        ):
            yield assume(own.name, LOOKUP_ROLE.format(account=account, region=region))
        # The pipeline's history names the accounts and regions that were deployed to before.
        yield assume(own.name, LOOKUP_ROLE.format(account=project.account, region=project.region))
    bucket_name, _, prefix = variables["PUBLISH_TO"].partition("/")
    if bucket := resources.bucket(bucket_name):
        commands = str(project.at("Source", "BuildSpec"))
        own_name = re.findall(r"--environment (\S+)", commands)
        earlier = re.findall(r"--earlier ([^\s']+)", commands)
        yield from object_write(own, bucket, f"{prefix}/{own_name[0]}/review.html", resources)
        yield from calls(own, "s3:ListBucket", bucket.arn)
        for name in [*own_name, *earlier]:
            yield from object_read(own, bucket, f"{name}/record.json", resources)
        for name in earlier:
            yield from object_read(own, bucket, f"{prefix}/{name}/review.json", resources)


@row(
    "CDK CLI",
    PROJECT,
    source="aws-cdk 2.1148.1: `cdk diff` assumes the lookup role of each stack's region, `cdk deploy` the deploy and "
    "publishing roles; both also for the stacks that the pipeline's stack depends on",
    table=OUR_CALLS,
)
def updating_the_pipeline(project: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the self-update build's role assumptions to compare and deploy the pipeline's stacks of every region."""
    if "SelfMutation" not in project.logical_id:
        return
    own = project.at("ServiceRole")
    regions = {
        item.region for item in resources if item.stack.startswith("yawl-delivery") and item.account == project.account
    }
    for region in sorted(regions):
        yield assume(own, LOOKUP_ROLE.format(account=project.account, region=region))
        for name in ("deploy", "file-publishing"):
            arn = f"arn:aws:iam::{project.account}:role/cdk-hnb659fds-{name}-role-{project.account}-{region}"
            yield Call(role(own), "sts:AssumeRole", arn, {"iam:ResourceTag/aws-cdk:bootstrap-role": name})


@row("cdk-assets", PROJECT, source="cdk-assets 4.7.3: one publishing role for each account and region", table=OUR_CALLS)
def publishing_assets(project: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the uploads to the bootstrap's buckets and repositories."""
    kind = "image" if "DockerAsset" in project.logical_id else "file" if "FileAsset" in project.logical_id else ""
    if not kind:
        return
    marker = "cdk-hnb659fds-container-assets-" if kind == "image" else "cdk-hnb659fds-assets-"
    # The self-update build publishes the assets of the pipeline's own stacks.
    environments = [item for item in resources if not item.stack.startswith(("yawl-delivery", "CDKToolkit"))]
    targets = {
        (account, region)
        for item in environments
        if item.type in (FUNCTION, "AWS::ECS::TaskDefinition")
        for account, region in re.findall(rf"{marker}(\d+)-([a-z0-9-]+\d)", json.dumps(item.properties))
    }
    for account, region in sorted(targets):
        arn = f"arn:aws:iam::{account}:role/cdk-hnb659fds-{kind}-publishing-role-{account}-{region}"
        yield assume(project.at("ServiceRole"), arn)


@row(
    "People",
    "AWS::CloudTrail::Trail",
    "AWS::Config::DeliveryChannel",
    source="CloudTrail User Guide, 'Finding your CloudTrail log files'; docs/COMPLIANCE.md: people read the logs",
    table=OUR_CALLS,
)
def reading_the_record(written: Resource, resources: Resources) -> Iterator[Call]:
    """Yield a person's reads of the files of CloudTrail and AWS Config."""
    if bucket := resources.bucket(written.at("S3BucketName")):
        yield from object_read(person(written), bucket, "AWSLogs/file.json.gz", resources)
        key = resources.key(written.at("KMSKeyId") or written.at("S3KmsKeyArn"), written)
        yield from key_calls(person(written), "Decrypt", key, through="s3", context=object_context(bucket, key))


def _assumed_by(function: Resource, resources: Resources) -> Iterator[Call]:
    """Yield the assumption of the environments' roles that match a pattern in a function's variables."""
    variables = function.at("Environment", "Variables", default={})
    for pattern in (value for value in variables.values() if re.match(r"arn:aws:iam::\{account\}:role/", value)):
        known = re.escape(pattern).replace(r"\{account\}", r"\d+").replace(r"\{environment\}", r"\S+")
        for found in resources.of_type(ROLE):
            if re.fullmatch(known.replace(r"\{region\}", r"\S+"), found.arn) and found.account != function.account:
                yield assume(function.at("Role"), found.arn)


def _deployments(pipeline: Resource) -> Iterator[tuple[str, str, str]]:
    """Yield stage, account and region of each of the pipeline's deployments."""
    for stage in pipeline.at("Stages", default=[]):
        for action in stage["Actions"]:
            if action["ActionTypeId"]["Provider"] == "CloudFormation":
                yield stage["Name"], action["RoleArn"].split(":")[4], action.get("Region", pipeline.region)


def _variables(project: Resource) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in project.at("Environment", "EnvironmentVariables", default=[])}
