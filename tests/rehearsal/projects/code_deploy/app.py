from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


@jsii.implements(pipelines.ICodePipelineActionFactory)
class Servers(pipelines.Step):
    """Deploys the repository to servers, and a stack set to other accounts."""

    def __init__(self, step_id: str, files: Any, group: codedeploy.IServerDeploymentGroup) -> None:
        super().__init__(step_id)
        self.files, self.group = files, group
        self._add_dependency_file_set(files)

    def produce_action(self, stage: Any, *, artifacts: Any, run_order: float, **_: Any) -> Any:
        artifact = artifacts.to_code_pipeline(self.files)
        servers = actions.CodeDeployServerDeployAction(
            action_name="Servers", run_order=run_order, input=artifact, deployment_group=self.group
        )
        accounts = actions.CloudFormationDeployStackSetAction(
            action_name="Accounts",
            run_order=run_order,
            stack_set_name="accounts",
            template=actions.StackSetTemplate.from_artifact_path(artifact.at_path("accounts.json")),
            stack_instances=actions.StackInstances.in_accounts(["222222222222"], ["us-east-1"]),
        )
        stage.add_action(servers)
        stage.add_action(accounts)
        return pipelines.CodePipelineActionFactoryResult(run_orders_consumed=1)


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        sns.Topic(cdk.Stack(self, "Topics"), "Topic")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        application = codedeploy.ServerApplication.from_server_application_name(self, "Application", "site")
        group = codedeploy.ServerDeploymentGroup.from_server_deployment_group_attributes(
            self, "Group", application=application, deployment_group_name="servers"
        )
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
        servers = Servers("Servers", source.primary_output, group)
        test = pipelines.ShellStep("Test", commands=["true"])
        test.add_step_dependency(servers)
        pipeline.add_stage(Dev(self, "Dev"), post=[servers, test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
