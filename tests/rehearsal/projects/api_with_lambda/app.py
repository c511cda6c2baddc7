import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Items(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
        table = dynamodb.Table(self, "Table", partition_key=key)
        common = {"code": lambda_.Code.from_asset("functions"), "environment": {"TABLE": table.table_name}}
        write = lambda_.Function(self, "Write", runtime=lambda_.Runtime.PYTHON_3_12, handler="items.handler", **common)
        read = lambda_.Function(self, "Read", runtime=lambda_.Runtime.NODEJS_22_X, handler="read.handler", **common)
        table.grant_write_data(write)
        table.grant_read_data(read)
        api = apigateway.RestApi(self, "Api")
        item = api.root.add_resource("items").add_resource("{id}")
        item.add_method("PUT", apigateway.LambdaIntegration(write))
        item.add_method("GET", apigateway.LambdaIntegration(read))
        self.url = cdk.CfnOutput(self, "Url", value=api.url)


class Prod(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        self.items = Items(self, "Items")


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
        test = pipelines.ShellStep(
            "Test",
            env_from_cfn_outputs={"URL": prod.items.url},
            commands=[
                'curl --silent --fail --request PUT "${URL}items/7"',
                'curl --silent --fail "${URL}items/7" | grep book',
                'test "$(curl --silent --output /dev/null --write-out "%{http_code}" "${URL}items/8")" = 404',
            ],
        )
        pipeline.add_stage(prod, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
