import json
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ssm as ssm
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")
TEMPLATE = {
    "Parameters": {"Level": {"Type": "String"}, "Bucket": {"Type": "String"}},
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Level"}}}},
    "Outputs": {"Bucket": {"Value": {"Ref": "Bucket"}}},
}


@jsii.implements(pipelines.ICodePipelineActionFactory)
class Queues(pipelines.Step):
    """Deploys a template that a build has written, by a change set with values from its artifact."""

    def __init__(self, step_id: str, templates: pipelines.FileSet) -> None:
        super().__init__(step_id)
        self.templates = templates
        self._add_dependency_file_set(templates)

    def produce_action(self, stage: Any, *, artifacts: Any, run_order: float, **_: Any) -> Any:
        artifact = artifacts.to_code_pipeline(self.templates)
        common: dict[str, Any] = {"stack_name": "queues", "change_set_name": "review"}
        prepare = actions.CloudFormationCreateReplaceChangeSetAction(
            **common,
            action_name="Queues.Prepare",
            run_order=run_order,
            template_path=artifact.at_path("queues.json"),
            admin_permissions=True,
            parameter_overrides={"Level": artifact.get_param("values.json", "Level"), "Bucket": artifact.bucket_name},
        )
        execute = actions.CloudFormationExecuteChangeSetAction(
            **common, action_name="Queues.Deploy", run_order=run_order + 1, variables_namespace="Queues"
        )
        delete = actions.CloudFormationDeleteStackAction(
            action_name="Queues.Delete", run_order=run_order + 2, stack_name="old-queues", admin_permissions=True
        )
        for action in (prepare, execute, delete):
            stage.add_action(action)
        return pipelines.CodePipelineActionFactoryResult(run_orders_consumed=3)


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        ssm.StringParameter(cdk.Stack(self, "Settings"), "Setting", string_value="one")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        synth = pipelines.ShellStep(
            "Synth",
            input=pipelines.CodePipelineSource.connection(
                "example/project",
                "main",
                connection_arn="arn:aws:codestar-connections:us-east-1:111111111111:connection/1",
            ),
            install_commands=[
                "npm install --global --silent aws-cdk@2.1148.1",
                "uv pip install --system --quiet -r requirements.txt",
            ],
            commands=[
                "cdk synth --quiet",
                "mkdir out",
                f"echo '{json.dumps(TEMPLATE)}' > out/queues.json",
                """echo '{"Level": "high"}' > out/values.json""",
            ],
        )
        templates = synth.add_output_directory("out")
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth)
        pipeline.add_stage(Dev(self, "Dev"), post=[Queues("Queues", templates)])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
