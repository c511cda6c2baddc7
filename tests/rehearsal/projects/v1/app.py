import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")
CONNECTION = "arn:aws:codestar-connections:us-east-1:111111111111:connection/1"


class Orders(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        sqs.Queue(self, "Queue", queue_name="orders", visibility_timeout=cdk.Duration.seconds(30))


class Delivery(cdk.Stack):
    """A pipeline without the library's CDK Pipelines: its actions are written one by one."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        source, assembly = codepipeline.Artifact("Source"), codepipeline.Artifact("Assembly")
        phases = {
            "install": {
                "commands": [
                    "npm install --global --silent aws-cdk@2.1148.1",
                    "uv pip install --system --quiet -r requirements.txt",
                ]
            },
            "build": {"commands": ["cdk synth --quiet"]},
        }
        specification = {"version": "0.2", "phases": phases, "artifacts": {"files": ["cdk.out/**/*"]}}
        project = codebuild.PipelineProject(self, "Synth", build_spec=codebuild.BuildSpec.from_object(specification))
        fetch = actions.CodeStarConnectionsSourceAction(
            action_name="Source", owner="example", repo="project", connection_arn=CONNECTION, output=source
        )
        build = actions.CodeBuildAction(action_name="Synth", project=project, input=source, outputs=[assembly])
        names = {"stack_name": "Orders", "change_set_name": "release"}
        template = assembly.at_path("cdk.out/Orders.template.json")
        prepare = actions.CloudFormationCreateReplaceChangeSetAction(
            action_name="Prepare", template_path=template, admin_permissions=True, run_order=1, **names
        )
        deploy = actions.CloudFormationExecuteChangeSetAction(action_name="Deploy", run_order=2, **names)
        pipeline = codepipeline.Pipeline(self, "Pipeline", pipeline_type=codepipeline.PipelineType.V1)
        for name, members in {"Source": [fetch], "Build": [build], "Prod": [prepare, deploy]}.items():
            pipeline.add_stage(stage_name=name, actions=members)


app = cdk.App()
Orders(app, "Orders")
Delivery(app, "Delivery")
app.synth()
