import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="eu-west-1")


class Dev(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        sns.Topic(cdk.Stack(self, "Topics"), "Topic")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        bucket = s3.Bucket(self, "Sources", versioned=True)
        source = pipelines.CodePipelineSource.s3(bucket, "project.zip")
        repository = ecr.Repository.from_repository_name(self, "Images", "base/image")
        image = pipelines.CodePipelineSource.ecr(repository, image_tag="stable")
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
        test = pipelines.ShellStep(
            "Test",
            input=image,
            env={
                "URI": image.source_attribute("ImageURI"),
                "DIGEST": image.source_attribute("ImageDigest"),
                "VERSION": source.source_attribute("VersionId"),
            },
            commands=[
                'test "$URI" = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/base/image@$DIGEST"',
                'grep "$DIGEST" imageDetail.json',
                'test -n "$VERSION"',
            ],
        )
        pipeline.add_stage(Dev(self, "Dev"), post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
