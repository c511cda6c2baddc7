"""The role that the integration tests assume."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.cache_stack import Cache
from stacks.database_stack import Database
from stacks.shared.acknowledgments import OWN_POLICY, acknowledge, wildcard_resource

PIPELINE_ROLES = "yawl-delivery-*"


class IntegrationTestRole(iam.Role):
    """A role the pipeline's integration tests assume in the environment's account.

    It reads the states of stacks, service, tasks, targets, alarms, database and cache, and the two secrets needed to
    call the engine. It changes nothing and reads no data or logs. It trusts the roles named `yawl-delivery-*` in the
    pipeline's account.
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
        database_secret_arn: str,
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
            # Class and interface name a parameter differently, which the type checker rejects.
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
        statements = [
            _allow(["cloudformation:DescribeStackResourceDrifts", "cloudformation:DescribeStacks"], stacks),
            _allow(["ecs:DescribeServices"], service.service_arn),
            _allow(["ecs:DescribeTasks"], tasks),
            _allow(["ecs:ListTasks"], "*", conditions={"ArnEquals": {"ecs:cluster": service.cluster.cluster_arn}}),
            _allow(["rds:DescribeDBInstances"], database.instance.instance_arn),
            _allow(["rds:DescribeDBParameters"], parameters),
            _allow(["elasticache:DescribeReplicationGroups"], replication_group),
            _allow(["secretsmanager:DescribeSecret"], database_secret_arn),
        ]
        for secret in secrets:
            statements.append(_allow(["secretsmanager:GetSecretValue"], secret.secret_arn))
            if (key := secret.encryption_key) is not None:
                via = {"kms:ViaService": f"secretsmanager.{stack.region}.amazonaws.com"}
                statements.append(_allow(["kms:Decrypt"], key.key_arn, conditions={"StringEquals": via}))
        statements.append(
            _allow(
                [
                    "cloudwatch:DescribeAlarms",
                    "ecs:DescribeTaskDefinition",
                    "elasticloadbalancing:DescribeTargetHealth",
                ],
                "*",
            )
        )
        # The library's own id for it, so that no grant can add another policy. Built as one document because every
        # statement added separately is a slow jsii call.
        iam.Policy(
            self,
            "DefaultPolicy",
            document=iam.PolicyDocument.from_json({"Statement": statements}),
            # Class and interface name a parameter differently, which the type checker rejects.
            roles=[cast(iam.IRole, self)],
        )
        wildcards = {
            "*": "These read actions have no resource type, or omit composite alarms when limited to one.",
            tasks: "A task's ARN ends in a random identifier; the cluster is fixed.",
            stacks: "A stack's ARN ends in a random identifier; the environment is fixed.",
            parameters: "CloudFormation generates the parameter group's name; it begins with the stack's name.",
        }
        acknowledge(
            self,
            {wildcard_resource(resource): reason for resource, reason in wildcards.items()} | OWN_POLICY,
        )


def _allow(
    actions: list[str], resource: str, *, conditions: dict[str, dict[str, str]] | None = None
) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return statement if conditions is None else {**statement, "Condition": conditions}
