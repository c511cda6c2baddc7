import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk import pipelines
from constructs import Construct

ACCOUNT = "111111111111"
HOME, AWAY = (cdk.Environment(account=ACCOUNT, region=region) for region in ("us-east-1", "eu-west-1"))


class Service(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        # The same name in both regions, with resources whose generated names belong to the whole account.
        storage = cdk.Stack(self, "Storage", stack_name="storage")
        iam.Role(storage, "Reader", assumed_by=iam.AccountRootPrincipal())
        iam.ManagedPolicy(
            storage, "Reading", statements=[iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"])]
        )
        bucket = s3.Bucket(storage, "Bucket")
        cdk.CfnOutput(storage, "BucketArn", value=bucket.bucket_arn, export_name=f"bucket-{construct_id}")
        settings = cdk.Stack(self, "Settings")
        settings.add_dependency(storage)
        ssm.StringParameter(settings, "Bucket", string_value=cdk.Fn.import_value(f"bucket-{construct_id}"))


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=HOME)
        source = pipelines.CodePipelineSource.connection(
            "example/project", "main", connection_arn=f"arn:aws:codestar-connections:us-east-1:{ACCOUNT}:connection/1"
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
        wave = pipeline.add_wave("Regions")
        wave.add_stage(Service(self, "America", env=HOME))
        wave.add_stage(Service(self, "Europe", env=AWAY))


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
