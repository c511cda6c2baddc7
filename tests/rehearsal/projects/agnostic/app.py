import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct


class Prod(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        storage = cdk.Stack(self, "Storage")
        s3.Bucket(storage, "Bucket")
        self.place = cdk.CfnOutput(storage, "Place", value=f"{storage.account} {storage.region}")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
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
            env_from_cfn_outputs={"PLACE": prod.place},
            commands=['echo "deployed to $PLACE"', 'test "$PLACE" = "111111111111 us-east-1"'],
        )
        pipeline.add_stage(prod, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
# A developer's stack, in an account that the pipeline does not know.
s3.Bucket(cdk.Stack(app, "Sandbox", env=cdk.Environment(account="999999999999", region="eu-west-1")), "Bucket")
app.synth()
