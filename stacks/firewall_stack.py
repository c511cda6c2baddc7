"""The web application firewall in front of the distribution."""

from typing import Final

from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from settings import FirewallSettings
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.shared.key import rotating_key
from stacks.shared.log_group import LogGroup

MANAGED_RULES: Final = {
    "AWSManagedRulesAmazonIpReputationList": (),
    # Case data and specifications are large XML documents in the body, which these two rules would block.
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY", "CrossSiteScripting_BODY"),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesSQLiRuleSet": (),
}
"""AWS's managed rule groups in order of evaluation, each with the rules set to count only."""
NEVER_LOGGED: Final = ("authorization", "cookie")
"""Headers that identify a user."""


class Firewall(EnvironmentStack):
    """AWS's managed rules and a rate limit per IP address, evaluated before CloudFront handles a request.

    AWS WAF requires resources for CloudFront in us-east-1, so this stack is there, whatever the environment's region.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: FirewallSettings,
    ) -> None:
        super().__init__(
            scope,
            "firewall",
            context=context,
            description=f"YAWL {context.name}: the web application firewall in front of CloudFront",
        )
        name = f"yawl-{context.name}"
        self.web_acl = waf.CfnWebACL(
            self,
            "WebAcl",
            name=name,
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[
                self._limit(settings.requests_per_five_minutes),
                *(
                    self._managed(group, counting, priority=priority)
                    for priority, (group, counting) in enumerate(MANAGED_RULES.items(), start=1)
                ),
            ],
            visibility_config=_visibility(name),
        )
        key = rotating_key(
            self,
            "Key",
            description=f"Firewall log of YAWL {context.name}",
            logs=True,
            retain_data=context.retain_data,
        )
        log_group = LogGroup(
            self,
            "Log",
            # AWS WAF requires this prefix.
            log_group_name=f"aws-waf-logs-{name}",
            key=key,
            retention_days=context.log_retention_days,
            retain_data=context.retain_data,
        )
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.web_acl.attr_arn,
            log_destination_configs=[self.format_arn(service="logs", resource=f"log-group:{log_group.log_group_name}")],
            redacted_fields=[
                waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                for header in NEVER_LOGGED
            ],
        )

    def _limit(self, requests: int) -> waf.CfnWebACL.RuleProperty:
        rule = waf.CfnWebACL
        return rule.RuleProperty(
            name="rate-limit",
            priority=0,
            action=rule.RuleActionProperty(block={}),
            statement=rule.StatementProperty(
                rate_based_statement=rule.RateBasedStatementProperty(
                    aggregate_key_type="IP", evaluation_window_sec=300, limit=requests
                )
            ),
            visibility_config=_visibility("rate-limit"),
        )

    def _managed(self, group: str, counting: tuple[str, ...], *, priority: int) -> waf.CfnWebACL.RuleProperty:
        rule = waf.CfnWebACL
        return rule.RuleProperty(
            name=group,
            priority=priority,
            # Keep the group's own actions: most of its rules block.
            override_action=rule.OverrideActionProperty(none={}),
            statement=rule.StatementProperty(
                managed_rule_group_statement=rule.ManagedRuleGroupStatementProperty(
                    vendor_name="AWS",
                    name=group,
                    rule_action_overrides=[
                        rule.RuleActionOverrideProperty(name=name, action_to_use=rule.RuleActionProperty(count={}))
                        for name in counting
                    ]
                    or None,
                )
            ),
            visibility_config=_visibility(group),
        )


def _visibility(metric: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )
