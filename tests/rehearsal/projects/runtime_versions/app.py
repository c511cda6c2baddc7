import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")
RUNTIMES = {"nodejs": "22", "ruby": "1.9"}


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        stack = cdk.Stack(self, "Handles")
        cdk.CfnWaitConditionHandle(stack, "Handle")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        source = pipelines.CodePipelineSource.connection(
            "example/project", "main", connection_arn="arn:aws:codestar-connections:us-east-1:111111111111:connection/1"
        )
        synth = pipelines.ShellStep(
            "Synth",
            input=source,
            install_commands=[
                "npm install --global --silent aws-cdk@2.1148.1",
                "uv pip install --system --quiet -r requirements.txt",
            ],
            commands=["cdk synth --quiet"],
        )
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth)
        test = pipelines.CodeBuildStep(
            "Test",
            partial_build_spec=codebuild.BuildSpec.from_object(
                {"phases": {"install": {"runtime-versions": RUNTIMES}, "build": {"on-failure": "RETRY-1"}}}
            ),
            commands=["node --version | grep '^v22[.]'", "npm --version"],
        )
        pipeline.add_stage(Dev(self, "Dev"), post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
