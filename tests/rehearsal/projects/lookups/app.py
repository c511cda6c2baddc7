import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_ssm as ssm
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


class Web(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = ec2.Vpc.from_lookup(self, "Vpc", vpc_name="main")
        subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        ec2.SecurityGroup(self, "Group", vpc=vpc)
        route53.ARecord(
            self,
            "Record",
            zone=route53.HostedZone.from_lookup(self, "Zone", domain_name="example.com"),
            target=route53.RecordTarget.from_ip_addresses("10.0.0.1"),
        )
        name = ssm.StringParameter.value_from_lookup(self, "/web/name")
        self.found = cdk.CfnOutput(self, "Found", value=f"{name} {vpc.vpc_id} {','.join(subnets.subnet_ids)}")


class Prod(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        self.web = Web(self, "Web")


class Delivery(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=ENVIRONMENT)
        source = pipelines.CodePipelineSource.connection(
            "example/project", "main", connection_arn="arn:aws:codestar-connections:us-east-1:111111111111:connection/1"
        )
        lookup = iam.PolicyStatement(actions=["sts:AssumeRole"], resources=["arn:aws:iam::*:role/cdk-*-lookup-role-*"])
        synth = pipelines.CodeBuildStep(
            "Synth",
            input=source,
            install_commands=[
                "npm install --global --silent aws-cdk@2.1148.1",
                "uv pip install --system --quiet -r requirements.txt",
            ],
            commands=["cdk synth --quiet"],
            role_policy_statements=[lookup],
        )
        pipeline = pipelines.CodePipeline(self, "Pipeline", synth=synth)
        prod = Prod(self, "Prod")
        test = pipelines.ShellStep(
            "Test",
            env_from_cfn_outputs={"FOUND": prod.web.found},
            commands=['echo "$FOUND" | grep "^shop vpc-[0-9a-f]* subnet-[0-9a-f]*,subnet-"'],
        )
        pipeline.add_stage(prod, post=[test])


app = cdk.App()
Delivery(app, "Delivery")
app.synth()
