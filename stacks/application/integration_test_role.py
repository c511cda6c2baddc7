"""What the integration tests may see."""

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
        # As the library would name it, which can therefore grant the role nothing more. One document from the start:
        # each statement apart is a question to its process.
        iam.Policy(
            self,
            "DefaultPolicy",
            document=iam.PolicyDocument.from_json({"Statement": statements}),
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            roles=[cast(iam.IRole, self)],
        )
        wildcards = {
            "*": "These reading actions know no resource, or hide composite alarms when they are given one.",
            tasks: "A task's name is new with every start; the cluster is named.",
            stacks: "A stack's ARN ends in an identifier that is new with every creation; the environment is named.",
            parameters: "CloudFormation names parameter groups; it begins their names with the stack's.",
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
