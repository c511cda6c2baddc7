import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Prod(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        # The platform team bootstraps the shared account with names of its own.
        platform = cdk.DefaultStackSynthesizer(
            qualifier="platform",
            file_assets_bucket_name="platform-assets-${AWS::AccountId}-${AWS::Region}",
            deploy_role_arn="arn:${AWS::Partition}:iam::${AWS::AccountId}:role/PlatformDeployment",
            cloud_formation_execution_role="arn:${AWS::Partition}:iam::${AWS::AccountId}:role/PlatformCloudFormation",
            bootstrap_stack_version_ssm_parameter="/platform/bootstrap/version",
        )
        shared = cdk.Environment(account="222222222222", region="us-east-1")
        network = cdk.Stack(self, "Network", env=shared, synthesizer=platform)
        s3_assets.Asset(network, "Readme", path="requirements.txt")
        s3.Bucket(network, "Bucket")
        storage = cdk.Stack(self, "Storage")
        bucket = s3.Bucket(storage, "Bucket")
        self.bucket_name = cdk.CfnOutput(storage, "BucketName", value=bucket.bucket_name)


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
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth, cross_account_keys=True)
        prod = Prod(self, "Prod")
        test = pipelines.ShellStep(
            "Test", env_from_cfn_outputs={"BUCKET": prod.bucket_name}, commands=['test -n "$BUCKET"']
        )
        pipeline.add_stage(prod, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
