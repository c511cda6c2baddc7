"""The modules of ministack that this package uses. No other file imports ministack.

They are typed as Any: the inferred types of ministack change from release to release.
"""

from importlib import import_module
from typing import Any

Properties = dict[str, Any]
"""A resource's properties, with every reference resolved."""
Provisioned = tuple[str, dict[str, Any]]
"""A resource's physical id (its `Ref`) and its attributes."""

app: Any = import_module("ministack.app")
acm: Any = import_module("ministack.services.acm")
alb: Any = import_module("ministack.services.alb")
backup: Any = import_module("ministack.services.backup")
cloudformation: Any = import_module("ministack.services.cloudformation")
cloudformation_requests: Any = import_module("ministack.services.cloudformation.handlers")
changesets: Any = import_module("ministack.services.cloudformation.changesets")
custom_resource: Any = import_module("ministack.services.cloudformation.custom_resource")
engine: Any = import_module("ministack.services.cloudformation.engine")
provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
stacks: Any = import_module("ministack.services.cloudformation.stacks")
cloudfront: Any = import_module("ministack.services.cloudfront")
cloudwatch: Any = import_module("ministack.services.cloudwatch")
codebuild: Any = import_module("ministack.services.codebuild")
ec2: Any = import_module("ministack.services.ec2")
ecs: Any = import_module("ministack.services.ecs")
elasticache: Any = import_module("ministack.services.elasticache")
eventbridge: Any = import_module("ministack.services.eventbridge")
iam: Any = import_module("ministack.services.iam")
iam_actions: Any = import_module("ministack.core.iam_actions")
iam_evaluator: Any = import_module("ministack.core.iam_evaluator")
kms: Any = import_module("ministack.services.kms")
lambda_runtime: Any = import_module("ministack.core.lambda_runtime")
lambdas: Any = import_module("ministack.services.lambda_svc")
logs: Any = import_module("ministack.services.cloudwatch_logs")
rds: Any = import_module("ministack.services.rds")
rds_data: Any = import_module("ministack.services.rds_data")
responses: Any = import_module("ministack.core.responses")
route53: Any = import_module("ministack.services.route53")
router: Any = import_module("ministack.core.router")
s3: Any = import_module("ministack.services.s3")
secretsmanager: Any = import_module("ministack.services.secretsmanager")
sns: Any = import_module("ministack.services.sns")
sqs: Any = import_module("ministack.services.sqs")
sts: Any = import_module("ministack.services.sts")
tagging: Any = import_module("ministack.services.tagging")
ssm: Any = import_module("ministack.services.ssm")

handlers: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
"""What CloudFormation can provision: resource type → create, update, delete."""


def service(module: str) -> Any:
    """Return the module of one of ministack's services by its own name, such as `lambda_svc`."""
    return import_module(f"ministack.services.{module}")


def here() -> tuple[str, str]:
    """Return the account and region of the current request."""
    return responses.get_account_id(), responses.get_region()
