"""Service-linked roles under the names that AWS gives them; ministack invents other names."""

from typing import Any

from rehearsal.emulator.internals import iam

NAMES = {
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
    "elasticache.amazonaws.com": "AWSServiceRoleForElastiCache",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
}


def register() -> None:
    """Let CreateServiceLinkedRole name the roles of these services as AWS does."""
    original_create = iam._create_service_linked_role

    def create(request: dict[str, Any]) -> Any:
        service = iam._p(request, "AWSServiceName")
        name = NAMES.get(service)
        if name is None:
            return original_create(request)
        if name in iam._roles:
            return iam._error(400, "InvalidInput", f"Service role name {name} has been taken in this account", ns="iam")
        original_create(request)
        role = iam._roles.pop(f"AWSServiceRoleFor{service.split('.')[0].capitalize()}")
        role |= {"RoleName": name, "Arn": f"{role['Arn'].rpartition('/')[0]}/{name}"}
        iam._roles[name] = role
        body = f"<CreateServiceLinkedRoleResult><Role>{iam._role_xml(name)}</Role></CreateServiceLinkedRoleResult>"
        return iam._xml(200, "CreateServiceLinkedRoleResponse", body, ns="iam")

    iam._IAM_HANDLERS["CreateServiceLinkedRole"] = create
