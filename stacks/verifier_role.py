"""What the integration tests may see."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.acknowledgments import OWN_POLICY, acknowledge
from stacks.cache import Cache
from stacks.database import Database

PIPELINE_ROLES = "yawl-delivery-*"


class VerifierRole(iam.Role):
    """A role the pipeline's integration tests assume in the environment's account.

    It sees the states of stacks, service, tasks, targets, alarms, database and cache, and reads the two secrets that
    open the engine; it changes nothing, and reads no data and no logs. Of the pipeline's account it trusts the roles
    named `yawl-delivery-*`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        pipeline_account: str,
        cluster_name: str,
        service: ecs.FargateService,
        database: Database,
        cache: Cache,
        secrets: Sequence[secretsmanager.ISecret],
    ) -> None:
        stack = Stack.of(scope)
        trusted = f"arn:{stack.partition}:iam::{pipeline_account}:role/{PIPELINE_ROLES}"
        super().__init__(
            scope,
            construct_id,
            role_name=f"yawl-{environment_name}-integration-tests",
            description="Read-only; the pipeline's integration tests assume it",
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            assumed_by=cast(
                iam.IPrincipal,
                iam.AccountPrincipal(pipeline_account).with_conditions({"ArnLike": {"aws:PrincipalArn": trusted}}),
            ),
        )
        tasks = stack.format_arn(service="ecs", resource="task", resource_name=f"{cluster_name}/*")
        stacks = stack.format_arn(
            service="cloudformation", resource="stack", resource_name=f"yawl-{environment_name}-*/*"
        )
        parameters = stack.format_arn(
            service="rds",
            resource="pg",
            resource_name=f"{database.stack_name}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        replication_group = stack.format_arn(
            service="elasticache",
            resource="replicationgroup",
            resource_name=cache.replication_group.ref,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self._allow(["cloudformation:DescribeStacks"], stacks)
        self._allow(["ecs:DescribeServices"], service.service_arn)
        self._allow(["ecs:DescribeTasks"], tasks)
        self._allow(["ecs:ListTasks"], "*", conditions={"ArnEquals": {"ecs:cluster": service.cluster.cluster_arn}})
        self._allow(["rds:DescribeDBInstances"], database.instance.instance_arn)
        self._allow(["rds:DescribeDBParameters"], parameters)
        self._allow(["elasticache:DescribeReplicationGroups"], replication_group)
        self._allow(["secretsmanager:DescribeSecret"], database.secret.secret_arn)
        for secret in secrets:
            self._allow(["secretsmanager:GetSecretValue"], secret.secret_arn)
            if secret.encryption_key is not None:
                via = {"kms:ViaService": f"secretsmanager.{stack.region}.amazonaws.com"}
                self._allow(["kms:Decrypt"], secret.encryption_key.key_arn, conditions={"StringEquals": via})
        self._allow(
            ["cloudwatch:DescribeAlarms", "ecs:DescribeTaskDefinition", "elasticloadbalancing:DescribeTargetHealth"],
            "*",
        )
        wildcards = {
            "*": "These reading actions know no resource, or hide composite alarms when they are given one.",
            tasks: "A task's name is new with every start; the cluster is named.",
            stacks: "A stack's ARN ends in an identifier that is new with every creation; the environment is named.",
            parameters: "CloudFormation names parameter groups; it begins their names with the stack's.",
        }
        acknowledge(
            self,
            {f"AwsSolutions-IAM5[Resource::{resource}]": reason for resource, reason in wildcards.items()} | OWN_POLICY,
        )

    def _allow(
        self, actions: Sequence[str], resource: str, *, conditions: dict[str, dict[str, str]] | None = None
    ) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[resource], conditions=conditions))
