import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Storage(cdk.NestedStack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(self, "Bucket")
        s3.CfnBucket(self, "Archive", bucket_name="archive-of-the-nested-stack")


class Settings(cdk.NestedStack):
    def __init__(self, scope: Construct, construct_id: str, *, bucket: s3.IBucket) -> None:
        super().__init__(scope, construct_id)
        self.parameter = ssm.StringParameter(self, "Bucket", string_value=bucket.bucket_name)


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        stack = cdk.Stack(self, "Service")
        storage = Storage(stack, "Storage")
        settings = Settings(stack, "Settings", bucket=storage.bucket)
        self.parameter = cdk.CfnOutput(stack, "Parameter", value=settings.parameter.parameter_name)


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
        dev = Dev(self, "Dev")
        test = pipelines.ShellStep(
            "Test", env_from_cfn_outputs={"PARAMETER": dev.parameter}, commands=['test -n "$PARAMETER"']
        )
        pipeline.add_stage(dev, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
