import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")
REGISTRY = codebuild.BuildEnvironmentVariable(
    type=codebuild.BuildEnvironmentVariableType.SECRETS_MANAGER, value="registry:token"
)
COLOR = codebuild.BuildEnvironmentVariable(
    type=codebuild.BuildEnvironmentVariableType.PARAMETER_STORE, value="/build/color"
)


class Web(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_12,
            handler="index.handler",
            code=lambda_.Code.from_inline("def handler(event, context): pass"),
            environment={
                "PASSWORD": cdk.SecretValue.secrets_manager("database", json_field="password").unsafe_unwrap()
            },
        )
        size = ssm.StringParameter.value_for_string_parameter(self, "/web/size")
        image = ec2.MachineImage.latest_amazon_linux2023().get_image(self).image_id
        self.found = cdk.CfnOutput(self, "Found", value=f"{size} {image}")


class Prod(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        self.web = Web(self, "Web")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        source = pipelines.CodePipelineSource.git_hub(
            "example/project", "main", authentication=cdk.SecretValue.secrets_manager("github-token")
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
        test = pipelines.CodeBuildStep(
            "Test",
            env_from_cfn_outputs={"FOUND": prod.web.found},
            build_environment=codebuild.BuildEnvironment(environment_variables={"REGISTRY": REGISTRY, "COLOR": COLOR}),
            commands=[
                'echo "$REGISTRY"',
                'echo "$COLOR $FOUND" | grep "^blue large ami-"',
                'test "$REGISTRY" = "s3cr3t-token"',
            ],
        )
        pipeline.add_stage(prod, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
