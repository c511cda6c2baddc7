"""Whether services have the roles by which they act in the account."""

from collections.abc import Iterator

from tools.accounts.checks.context import Site
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
"""Service and role that a resource of the type needs (IAM User Guide, "AWS services that work with IAM")."""


def check_service_roles(site: Site) -> Iterator[Finding]:
    """Look for the service-linked roles.

    AWS makes one when a service is first used; the resource that comes first may then fail, because the role is not
    known everywhere yet. In an account's first deployment it is better to have them.
    """
    iam = site.here("iam")
    missing = False
    types = {resource["Type"] for stack in site.stacks for resource in stack.resources.values()}
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
