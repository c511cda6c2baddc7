import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Image(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        image = ecr_assets.DockerImageAsset(self, "Image", directory="image")
        s3_assets.Asset(self, "File", path="app.py")
        self.uri = cdk.CfnOutput(self, "Uri", value=image.image_uri)


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        self.image = Image(self, "Image")


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
        # One build publishes the file and the image, and must publish the file although there is no Docker.
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth, publish_assets_in_parallel=False)
        dev = Dev(self, "Dev")
        test = pipelines.ShellStep(
            "Test", env_from_cfn_outputs={"URI": dev.image.uri}, commands=['echo "$URI" | grep -q container-assets']
        )
        pipeline.add_stage(dev, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
