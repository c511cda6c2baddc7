import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Service(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        stack = cdk.Stack(self, "Topics")
        topic = sns.Topic(stack, "Topic", topic_name=f"topic-of-{construct_id.lower()}")
        self.topic_name = cdk.CfnOutput(stack, "TopicName", value=topic.topic_name)


def add_pipeline(scope: cdk.Stack, service: str) -> None:
    """Deliver one service of the repository."""
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
    pipeline = pipelines.CodePipeline(scope, service, synth=synth, pipeline_name=f"deliver-{service.lower()}")
    stage = Service(scope, f"{service}Prod")
    test = pipelines.ShellStep(
        "Test",
        env_from_cfn_outputs={"TOPIC": stage.topic_name},
        commands=[f"test $TOPIC = topic-of-{service.lower()}prod"],
    )
    pipeline.add_stage(stage, post=[test])


app = cdk.App()
for name in ("Orders", "Payments"):
    add_pipeline(cdk.Stack(app, name, env=ENVIRONMENT), name)
shared = cdk.Stack(app, "Shared", env=ENVIRONMENT)
for name in ("Search", "Mail"):
    add_pipeline(shared, name)
app.synth()
