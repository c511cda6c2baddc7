import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Site(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        bucket = s3.Bucket(self, "Bucket", auto_delete_objects=True, removal_policy=cdk.RemovalPolicy.DESTROY)
        deployment.BucketDeployment(
            self,
            "Pages",
            destination_bucket=bucket,
            sources=[
                deployment.Source.asset("site"),
                deployment.Source.json_data("config.json", {"bucket": bucket.bucket_arn}),
            ],
        )
        self.bucket_name_output = cdk.CfnOutput(self, "BucketName", value=bucket.bucket_name)


class Prod(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        self.site = Site(self, "Site")


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
        test = pipelines.CodeBuildStep(
            "Test",
            env_from_cfn_outputs={"BUCKET": prod.site.bucket_name_output},
            commands=[
                'aws s3 cp "s3://$BUCKET/index.html" - | grep Welcome',
                'aws s3 cp "s3://$BUCKET/config.json" - | grep "arn:aws:s3:::$BUCKET"',
            ],
            role_policy_statements=[iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::*"])],
        )
        pipeline.add_stage(prod, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
