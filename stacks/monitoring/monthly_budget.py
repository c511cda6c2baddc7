"""The monthly cost budget of an environment, with mails when it is exceeded."""

from typing import Final

from aws_cdk import aws_budgets as budgets
from constructs import Construct

ALERTS: Final = (
    # kind of cost, percent of the budget
    ("ACTUAL", 80),
    ("FORECASTED", 100),
    ("ACTUAL", 100),
)
"""Early enough to act in the month; a forecast needs five weeks of past costs (AWS Cost Management User Guide)."""


class MonthlyBudget(budgets.CfnBudget):
    """A budget for resources with the environment's `Environment` tag.

    It counts costs only from the day the tag is activated as a cost allocation tag, which only the organization's
    management account can do. It stops nothing.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment_name: str, monthly_usd: int, email: str
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            budget=budgets.CfnBudget.BudgetDataProperty(
                # No fixed name: changing the address replaces the budget, which would fail with one.
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_usd, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:Environment${environment_name}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=email)],
                )
                for kind, percent in ALERTS
            ],
        )
