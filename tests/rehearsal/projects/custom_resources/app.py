import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import custom_resources as custom
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Greetings(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        parameters = {"Name": "/greeted", "Value": "world", "Type": "String", "Overwrite": True}
        put = custom.AwsSdkCall(
            service="SSM",
            action="putParameter",
            parameters=parameters,
            physical_resource_id=custom.PhysicalResourceId.of("greeted"),
        )
        allowed = iam.PolicyStatement(actions=["ssm:PutParameter"], resources=["*"])
        policy = custom.AwsCustomResourcePolicy.from_statements([allowed])
        call = custom.AwsCustomResource(self, "Put", on_update=put, policy=policy)
        code = lambda_.Code.from_asset("greeting")
        common = {"runtime": lambda_.Runtime.PYTHON_3_12, "code": code, "log_retention": logs.RetentionDays.ONE_WEEK}
        on_event = lambda_.Function(self, "OnEvent", handler="index.on_event", **common)
        on_event.add_to_role_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=["*"]))
        is_complete = lambda_.Function(self, "IsComplete", handler="index.is_complete", **common)
        provider = custom.Provider(self, "Provider", on_event_handler=on_event, is_complete_handler=is_complete)
        greeting = cdk.CustomResource(
            self, "Greeting", service_token=provider.service_token, properties={"Parameter": "/greeted"}
        )
        greeting.node.add_dependency(call)
        self.greeting = cdk.CfnOutput(self, "Text", value=greeting.get_att_string("Greeting"))


class Prod(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        self.greetings = Greetings(self, "Greetings")


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
        prod = Prod(self, "Prod")
        test = pipelines.ShellStep(
            "Test",
            env_from_cfn_outputs={"GREETING": prod.greetings.greeting},
            commands=['test "$GREETING" = "hello world"'],
        )
        pipeline.add_stage(prod, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
