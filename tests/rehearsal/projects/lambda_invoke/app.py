from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as states
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")
CODE = """
import boto3

def handler(event, context):
    job = event["CodePipeline.job"]
    wanted = job["data"]["actionConfiguration"]["configuration"]["UserParameters"]
    found = boto3.client("ssm").get_parameter(Name="/site/level")["Parameter"]["Value"]
    pipeline = boto3.client("codepipeline")
    if wanted in found:
        pipeline.put_job_success_result(jobId=job["id"], outputVariables={"Level": found})
    else:
        details = {"type": "JobFailed", "message": f"the level is {found}"}
        pipeline.put_job_failure_result(jobId=job["id"], failureDetails=details)
"""


@jsii.implements(pipelines.ICodePipelineActionFactory)
class Checks(pipelines.Step):
    """Invokes a function, and a state machine with what the function found."""

    def __init__(self, step_id: str, function: Any, machine: states.IStateMachine) -> None:
        super().__init__(step_id)
        self.function, self.machine = function, machine

    def produce_action(self, stage: Any, *, run_order: float, **_: Any) -> Any:
        check = actions.LambdaInvokeAction(
            action_name="Check",
            run_order=run_order,
            lambda_=self.function,
            user_parameters_string="high",
            variables_namespace="Check",
        )
        start = actions.StepFunctionInvokeAction(
            action_name="Start",
            run_order=run_order + 1,
            state_machine=self.machine,
            state_machine_input=actions.StateMachineInput.literal({"level": check.variable("Level")}),
        )
        stage.add_action(check)
        stage.add_action(start)
        return pipelines.CodePipelineActionFactoryResult(run_orders_consumed=2)


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        settings = cdk.Stack(self, "Settings")
        ssm.StringParameter(settings, "Level", parameter_name="/site/level", string_value="high")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(CODE),
            timeout=cdk.Duration.seconds(30),
        )
        parameter = ssm.StringParameter.from_string_parameter_name(self, "Level", "/site/level")
        parameter.grant_read(function)
        choice = states.Choice(self, "IsHigh").when(
            states.Condition.string_equals("$.level", "high"), states.Succeed(self, "High")
        )
        body = states.DefinitionBody.from_chainable(choice.otherwise(states.Fail(self, "Low", error="Low")))
        machine = states.StateMachine(self, "Machine", definition_body=body)
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
            commands=["cdk synth --quiet"],
        )
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth)
        pipeline.add_stage(Dev(self, "Dev"), post=[Checks("Checks", function, machine)])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
