import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Storage(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        bucket = s3.Bucket(self, "Bucket")
        self.bucket_name_output = cdk.CfnOutput(self, "BucketName", value=bucket.bucket_name)


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        self.storage = Storage(self, "Storage")


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
                "uv pip install --system --quiet -r infrastructure/requirements.txt",
            ],
            commands=["test -f README.md", "cd infrastructure", "cdk synth --quiet"],
            primary_output_directory="infrastructure/cdk.out",
        )
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth)
        dev = Dev(self, "Dev")
        test = pipelines.ShellStep(
            "Test",
            env_from_cfn_outputs={"BUCKET": dev.storage.bucket_name_output},
            commands=['test -n "$BUCKET"'],
        )
        pipeline.add_stage(dev, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
