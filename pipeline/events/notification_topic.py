"""SNS topics for notifications about deliveries."""

from typing import Final, cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

CLOUDWATCH: Final = "cloudwatch.amazonaws.com"


class NotificationTopic(sns.Topic):
    """An encrypted topic with `email` subscribed; more subscribers can be added by hand."""

    def __init__(
        self, scope: Construct, construct_id: str, *, display_name: str, key: kms.IKey, email: str | None
    ) -> None:
        super().__init__(scope, construct_id, display_name=display_name, master_key=key, enforce_ssl=True)
        self._key = key
        self._takes_alarms = False
        if email is not None:
            subscription = cast(sns.ITopicSubscription, subscriptions.EmailSubscription(email))
            self.add_subscription(subscription)

    def allow_alarms(self) -> None:
        """Let alarms of this account publish here."""
        if self._takes_alarms:
            return
        self._takes_alarms = True
        account = Stack.of(self).account
        for action, resource in (("sns:Publish", self.topic_arn), ("kms:Decrypt", "*"), ("kms:GenerateDataKey*", "*")):
            permission = iam.PolicyStatement(
                actions=[action],
                # In a key's policy "*" is this key.
                resources=[resource],
                conditions={"StringEquals": {"aws:SourceAccount": account}},
            )
            permission.add_service_principal(CLOUDWATCH)
            if resource == "*":
                self._key.add_to_resource_policy(permission)
            else:
                self.add_to_resource_policy(permission)
