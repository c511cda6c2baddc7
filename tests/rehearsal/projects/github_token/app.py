import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        sns.Topic(cdk.Stack(self, "Topics"), "Topic")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        source = pipelines.CodePipelineSource.git_hub(
            "example/project", "main", authentication=cdk.SecretValue.secrets_manager("github-token")
        )
        library = pipelines.CodePipelineSource.git_hub(
            "example/library", "main", authentication=cdk.SecretValue.secrets_manager("github-token")
        )
        synth = pipelines.ShellStep(
            "Synth",
            input=source,
            additional_inputs={"library": library},
            install_commands=[
                "npm install --global --silent aws-cdk@2.1148.1",
                "uv pip install --system --quiet -r requirements.txt",
            ],
            commands=["cdk synth --quiet"],
        )
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth)
        test = pipelines.ShellStep(
            "Test",
            input=source,
            env={"COMMIT": source.source_attribute("CommitId"), "URL": source.source_attribute("CommitUrl")},
            commands=["test -f app.py", 'test "$URL" = "https://github.com/example/project/commit/$COMMIT"'],
        )
        pipeline.add_stage(Dev(self, "Dev"), post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
