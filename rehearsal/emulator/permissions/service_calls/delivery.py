"""CodePipeline and CodeBuild, each with its own role."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import (
    Call,
    Caller,
    assume,
    calls,
    key_calls,
    log_write,
    object_context,
    role,
    row,
)

STACK_OPERATIONS = {
    "CREATE_UPDATE": "CreateStack UpdateStack DescribeStacks DescribeStackEvents GetTemplate",
    "REPLACE_ON_FAILURE": "CreateStack UpdateStack DeleteStack DescribeStacks DescribeStackEvents GetTemplate",
    "DELETE_ONLY": "DeleteStack DescribeStacks",
    "CHANGE_SET_REPLACE": "CreateChangeSet DeleteChangeSet DescribeChangeSet DescribeStacks",
    "CHANGE_SET_EXECUTE": "ExecuteChangeSet DescribeChangeSet DescribeStacks",
}
"""The calls of a CloudFormation action by its mode: those that the CDK library's own actions grant to their roles."""


@row(
    "AWS CodePipeline",
    "AWS::CodePipeline::Pipeline",
    source="CodePipeline User Guide, 'Manage the CodePipeline service role', 'Add permissions to the CodePipeline "
    "service role', and 'Configure server-side encryption for artifacts stored in Amazon S3'",
)
def storing_artifacts(pipeline: Resource, resources: Resources) -> Iterator[Call]:
    """Return how the pipeline's role writes artifacts of sources, and copies them to the stores of other regions."""
    own = role(pipeline.at("RoleArn"))
    yield from assume("codepipeline", own.name)
    used = {action.get("Region", pipeline.region) for _, action in _actions(pipeline)}
    for region, store in _stores(pipeline):
        if region not in used:
            continue
        bucket = resources.bucket(store["Location"])
        if bucket:
            yield from calls(own, "s3:PutObject GetObject GetObjectVersion", f"{bucket.arn}/yawl-delivery/Source/abc")
            yield from calls(own, "s3:GetBucketVersioning GetBucketLocation ListBucket", bucket.arn)
            key = store_key(store, pipeline, resources)
            context = object_context(bucket, key)
            yield from key_calls(own, "GenerateDataKey Decrypt DescribeKey", key, through="s3", context=context)


@row(
    "AWS CodePipeline",
    "AWS::CodePipeline::Pipeline",
    source="CodePipeline User Guide, 'Action structure reference', 'CodeStarSourceConnection for Bitbucket Cloud, "
    "GitHub, …', 'Service role policy permissions for the CodeConnections action'",
)
def fetching_the_source(pipeline: Resource, resources: Resources) -> Iterator[Call]:
    """Return how a source action uses its connection and stores what it fetched."""
    for _, action in _actions(pipeline):
        if action["ActionTypeId"]["Provider"] == "CodeStarSourceConnection":
            own = _role_of(pipeline, action)
            connection = action["Configuration"]["ConnectionArn"]
            prefix = "codestar-connections" if ":codestar-connections:" in connection else "codeconnections"
            yield from calls(own, f"{prefix}:UseConnection", connection)
            for region, store in _stores(pipeline):
                bucket = resources.bucket(store["Location"])
                if bucket and region == pipeline.region:
                    # The action fetches into the store and sets the owner's access.
                    yield from calls(own, "s3:PutObjectAcl", f"{bucket.arn}/yawl-delivery/Source/abc")


@row(
    "AWS CodeBuild",
    "AWS::CodePipeline::Pipeline",
    source="CodePipeline User Guide, 'Add CodeBuild GitClone permissions for connections to Bitbucket, GitHub, …'",
)
def cloning_the_source(pipeline: Resource, resources: Resources) -> Iterator[Call]:
    """Return how each build that reads a source as a reference clones it through the connection."""
    actions = [action for _, action in _actions(pipeline)]
    for source in actions:
        connection = source["Configuration"].get("ConnectionArn")
        if not connection or source["Configuration"].get("OutputArtifactFormat") != "CODEBUILD_CLONE_REF":
            continue
        [output] = source["OutputArtifacts"]
        prefix = "codestar-connections" if ":codestar-connections:" in connection else "codeconnections"
        for action in actions:
            if output not in action.get("InputArtifacts", []) or "ProjectName" not in action.get("Configuration", {}):
                continue
            project = resources.named("AWS::CodeBuild::Project", action["Configuration"]["ProjectName"], pipeline)
            if project:
                yield from calls(role(project.at("ServiceRole")), f"{prefix}:UseConnection", connection)


@row(
    "AWS CodePipeline",
    "AWS::CodePipeline::Pipeline",
    source="CodePipeline User Guide, 'Action structure reference', 'AWS CodeBuild build and test action reference', "
    "'Service role permissions: CodeBuild action'",
)
def starting_builds(pipeline: Resource, resources: Resources) -> Iterator[Call]:
    """Return how build actions start and watch their projects."""
    for _, action in _actions(pipeline):
        if action["ActionTypeId"]["Provider"] == "CodeBuild":
            own = _role_of(pipeline, action)
            project = resources.named("AWS::CodeBuild::Project", action["Configuration"]["ProjectName"], pipeline)
            if project:
                yield from calls(own, f"codebuild:{_build_calls(action)}", project.arn)


def _build_calls(action: Mapping[str, Any]) -> str:
    if action["Configuration"].get("BatchEnabled") == "true":
        return "StartBuildBatch BatchGetBuildBatches StopBuildBatch"
    return "StartBuild BatchGetBuilds StopBuild"


@row(
    "AWS CodePipeline",
    "AWS::CodePipeline::Pipeline",
    source="CodePipeline User Guide, 'Action structure reference', 'AWS CloudFormation deploy action reference', "
    "'Service role permissions: CloudFormation action', and 'Create a pipeline in CodePipeline that uses resources "
    "from another AWS account': the action's role reads the artifact",
)
def deploying_stacks(pipeline: Resource, resources: Resources) -> Iterator[Call]:
    """Return the deploy action's calls: assume the role, read the artifact, change the stack."""
    for _, action in _actions(pipeline):
        if action["ActionTypeId"]["Provider"] != "CloudFormation":
            continue
        own = _role_of(pipeline, action)
        if action.get("RoleArn"):
            yield Call(role(pipeline.at("RoleArn")), "sts:AssumeRole", action["RoleArn"])
        region = action.get("Region", pipeline.region)
        stores = dict(_stores(pipeline))
        store = stores.get(region)
        bucket = resources.bucket(store["Location"]) if store else None
        if store and bucket and action.get("InputArtifacts"):
            key = store_key(store, pipeline, resources)
            artifact = f"{bucket.arn}/yawl-delivery/Synth_Outp/abc"
            yield from calls(own, "s3:GetObject GetObjectVersion", artifact)
            yield from calls(own, "s3:GetBucketVersioning GetBucketLocation", bucket.arn)
            context = object_context(bucket, key)
            yield from key_calls(own, "Decrypt DescribeKey", key, through="s3", context=context)
        configuration = action["Configuration"]
        account = own.name.split(":")[4]
        stack = f"arn:aws:cloudformation:{region}:{account}:stack/{configuration['StackName']}/id"
        operations = STACK_OPERATIONS.get(configuration.get("ActionMode"), "DescribeStacks")
        yield from calls(own, f"cloudformation:{operations}", stack)
        if execution := configuration.get("RoleArn"):
            passed = "cloudformation.amazonaws.com"
            yield from calls(own, "iam:PassRole", execution, iam__PassedToService=passed)
            yield from assume("cloudformation", execution)


@row(
    "AWS CodeBuild",
    "AWS::CodeBuild::Project",
    source="AWS CodeBuild User Guide, 'Allow CodeBuild to interact with other AWS services', 'Create a CodeBuild "
    "service role'",
)
def logging_a_build(project: Resource, _resources: Resources) -> Iterator[Call]:
    """Return the assumption of a project's role and the writing of its builds' logs."""
    own = role(project.at("ServiceRole"))
    yield from assume("codebuild", own.name)
    logs = project.at("LogsConfig", "CloudWatchLogs", default={})
    if logs.get("Status", "ENABLED") == "ENABLED":
        name = logs.get("GroupName") or f"/aws/codebuild/{project.name}"
        group = f"arn:aws:logs:{project.region}:{project.account}:log-group:{name}:*"
        yield from log_write(own, group)
        if not logs.get("GroupName"):
            yield from calls(own, "logs:CreateLogGroup", group)


@row(
    "AWS CodeBuild",
    "AWS::CodePipeline::Pipeline",
    source="AWS CodeBuild User Guide, 'Create a CodeBuild service role' (s3:GetObject, GetObjectVersion, GetBucketAcl, "
    "GetBucketLocation, PutObject) and 'Encrypt build outputs using a customer managed key'",
    open="Through which service CodeBuild asks for the artifact key, itself or S3: both are evaluated.",
)
def moving_artifacts_of_builds(pipeline: Resource, resources: Resources) -> Iterator[Call]:
    """Return how each build reads its inputs from the store and writes its outputs to it."""
    store = dict(_stores(pipeline)).get(pipeline.region)
    bucket = resources.bucket(store["Location"]) if store else None
    if not store or not bucket:
        return
    for _, action in _actions(pipeline):
        if action["ActionTypeId"]["Provider"] != "CodeBuild":
            continue
        project = resources.named("AWS::CodeBuild::Project", action["Configuration"]["ProjectName"], pipeline)
        if not project:
            continue
        own = role(project.at("ServiceRole"))
        key = store_key(store, pipeline, resources)
        context = object_context(bucket, key)
        yield from calls(own, "s3:GetBucketLocation", bucket.arn)
        if action.get("InputArtifacts"):
            yield from calls(own, "s3:GetObject GetObjectVersion", f"{bucket.arn}/yawl-delivery/Source/abc")
            yield from key_calls(own, "Decrypt", key, through="s3", context=context)
        if action.get("OutputArtifacts"):
            yield from calls(own, "s3:PutObject", f"{bucket.arn}/yawl-delivery/Synth_Outp/abc")
            for name in ("s3", "codebuild"):
                yield from key_calls(own, "GenerateDataKey Decrypt", key, through=name, context=context)


@row(
    "AWS CodeBuild",
    "AWS::CodeBuild::Project",
    source="AWS CodeBuild User Guide, 'Test report permissions', 'Permissions required for test reporting operations'",
    open="Code coverage reports are written only where a report has that format; ours are of tests.",
)
def reporting_tests(project: Resource, _resources: Resources) -> Iterator[Call]:
    """Return how the reports of a build specification are written."""
    for name in _specification(project).get("reports", {}):
        group = f"arn:aws:codebuild:{project.region}:{project.account}:report-group/{project.name}-{name}"
        arn = name if name.startswith("arn:") else group
        actions = "codebuild:CreateReportGroup CreateReport UpdateReport BatchPutTestCases"
        yield from calls(role(project.at("ServiceRole")), actions, arn)


def store_key(store: dict[str, Any], pipeline: Resource, resources: Resources) -> Resource | None:
    """Return the key of an artifact store."""
    return resources.key(store.get("EncryptionKey", {}).get("Id"), pipeline)


def _actions(pipeline: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    for stage in pipeline.at("Stages", default=[]):
        for action in stage["Actions"]:
            # An approval may have no configuration.
            yield stage["Name"], {"Configuration": {}, **action}


def _stores(pipeline: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    if store := pipeline.at("ArtifactStore"):
        yield pipeline.region, store
    for item in pipeline.at("ArtifactStores", default=[]):
        yield item["Region"], item["ArtifactStore"]


def _role_of(pipeline: Resource, action: dict[str, Any]) -> Caller:
    return role(action.get("RoleArn") or pipeline.at("RoleArn"))


def _specification(project: Resource) -> dict[str, Any]:
    text = project.at("Source", "BuildSpec", default="")
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
