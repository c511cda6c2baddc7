import aws_cdk as cdk
import boto3
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


client = boto3.client("codecommit", region_name="us-east-1")
commit_id = client.get_branch(repositoryName="project", branchName="main")["branch"]["commitId"]
commit = client.get_commit(repositoryName="project", commitId=commit_id)["commit"]


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        sns.Topic(cdk.Stack(self, "Topics"), "Topic", display_name=f"{commit['author']['name']}: {commit['message']}")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        repository = codecommit.Repository.from_repository_name(self, "Repository", "project")
        source = pipelines.CodePipelineSource.code_commit(repository, "main", code_build_clone_output=True)
        synth = pipelines.CodeBuildStep(
            "Synth",
            input=source,
            install_commands=[
                "npm install --global --silent aws-cdk@2.1148.1",
                "uv pip install --system --quiet -r requirements.txt",
            ],
            commands=["git log -1 --format=%s", "cdk synth --quiet"],
            role_policy_statements=[
                iam.PolicyStatement(
                    actions=["codecommit:GetBranch", "codecommit:GetCommit", "codecommit:GitPull"],
                    resources=[repository.repository_arn],
                )
            ],
        )
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth)
        test = pipelines.ShellStep(
            "Test",
            env={"NAME": source.source_attribute("RepositoryName"), "DATE": source.source_attribute("CommitterDate")},
            commands=['test "$NAME" = project', 'test -n "$DATE"'],
        )
        pipeline.add_stage(Dev(self, "Dev"), post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
