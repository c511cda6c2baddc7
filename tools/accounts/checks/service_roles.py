"""Checks that the account has the service-linked roles."""

from collections.abc import Iterator

from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, to_fix

NEEDED = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        "ecs.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
    ),
    "AWS::ECS::Service": ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    "AWS::ElastiCache::ReplicationGroup": ("elasticache.amazonaws.com", "AWSServiceRoleForElastiCache"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        "elasticloadbalancing.amazonaws.com",
        "AWSServiceRoleForElasticLoadBalancing",
    ),
    "AWS::RDS::DBInstance": ("rds.amazonaws.com", "AWSServiceRoleForRDS"),
}
"""The service and role that each resource type needs (IAM User Guide, "AWS services that work with IAM")."""


def check_service_roles(context: CheckContext) -> Iterator[Finding]:
    """Look for the service-linked roles.

    AWS creates one when a service is first used, but the first resource may fail because IAM is eventually consistent.
    """
    iam = context.regional_client("iam")
    missing = False
    types = {resource["Type"] for stack in context.stacks for resource in stack.resources.values()}
    for kind in sorted(types & NEEDED.keys()):
        service, role = NEEDED[kind]
        try:
            iam.get_role(RoleName=role)
        except iam.exceptions.NoSuchEntityException:
            missing = True
            yield to_fix(
                f"has no role {role}: the first {kind} may fail",
                f"AWS_PROFILE=… aws iam create-service-linked-role --aws-service-name {service}",
            )
    if types & NEEDED.keys() and not missing:
        yield good("has the service-linked roles")
