import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk import pipelines
from constructs import Construct

REGION = "eu-central-1"
TOOLS, DEV, PROD = (
    cdk.Environment(account=account, region=REGION) for account in ("111111111111", "222222222222", "333333333333")
)


class Service(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        storage = cdk.Stack(self, "Storage", env=env)
        bucket = s3.Bucket(storage, "Bucket")
        cdk.CfnOutput(storage, "BucketArn", value=bucket.bucket_arn, export_name="service-bucket")
        settings = cdk.Stack(self, "Settings", env=env)
        settings.add_dependency(storage)
        ssm.StringParameter(settings, "Bucket", string_value=cdk.Fn.import_value("service-bucket"))


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=TOOLS)
        source = pipelines.CodePipelineSource.connection(
            "example/project", "main", connection_arn=f"arn:aws:codestar-connections:{REGION}:111111111111:connection/1"
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
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth, cross_account_keys=True)
        pipeline.add_stage(Service(self, "Dev", env=DEV))
        pipeline.add_stage(Service(self, "Prod", env=PROD), pre=[pipelines.ManualApprovalStep("Approve")])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
