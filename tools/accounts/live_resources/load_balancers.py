"""Load balancers, which only their stack deletes."""

from typing import Final

from botocore.exceptions import ClientError

from tools.accounts.live_resources.resource import Client, LiveResource, ResourceType, absent, tags_of


def _find_load_balancer(client: Client, arn: str) -> LiveResource | None:
    try:
        attributes = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    except ClientError as error:
        if absent(error, "LoadBalancerNotFound"):
            return None
        raise
    protected = tags_of(attributes).get("deletion_protection.enabled") == "true"
    return LiveResource(kind="AWS::ElasticLoadBalancingV2::LoadBalancer", name=arn, protected=protected)


def _unprotect_load_balancer(client: Client, found: LiveResource) -> None:
    client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=found.name, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
    )


LOAD_BALANCER: Final = ResourceType("", _find_load_balancer, unprotect=_unprotect_load_balancer, blocks=True)
