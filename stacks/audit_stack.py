"""The part of the account's audit that one environment deploys."""

from constructs import Construct

from settings import AuditShare
from stacks.audit.account_audit import AccountAudit
from stacks.environment_stack import EnvironmentContext, EnvironmentStack


class Audit(EnvironmentStack):
    """The account's trail and the region's GuardDuty and AWS Config, in the first environment of the account or region.

    No other stack depends on it, and it depends on none.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        share: AuditShare,
    ) -> None:
        super().__init__(
            scope,
            "audit",
            context=context,
            description=f"YAWL {context.name}: audit trail and monitoring of the whole account",
            termination_protection=context.retain_data,
        )
        AccountAudit(
            self,
            "Account",
            trail_name=f"yawl-{context.name}",
            share=share,
            log_retention_days=context.log_retention_days,
            retain_data=context.retain_data,
        )
