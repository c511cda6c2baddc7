"""What an environment has of its account's audit."""

from aws_cdk import Environment
from constructs import Construct

from settings import AuditShare
from stacks.audit.account_audit import AccountAudit
from stacks.environment_stack import EnvironmentStack


class Audit(EnvironmentStack):
    """The account's trail and what watches the region, in the first environment there.

    It needs nothing of the other stacks, and they nothing of it.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        share: AuditShare,
        log_retention_days: int,
        retain_data: bool,
    ) -> None:
        super().__init__(
            scope,
            "audit",
            environment_name=environment_name,
            zones=zones,
            env=env,
            description=f"YAWL {environment_name}: what is written down of the whole account",
            termination_protection=retain_data,
        )
        AccountAudit(
            self,
            "Account",
            trail_name=f"yawl-{environment_name}",
            share=share,
            log_retention_days=log_retention_days,
            retain_data=retain_data,
        )
