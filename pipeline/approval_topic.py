"""Who is told that an approval waits."""

from typing import cast

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class ApprovalTopic(sns.Topic):
    """An encrypted topic that tells `email` of every waiting approval; more subscribers can be added by hand."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, email: str | None) -> None:
        super().__init__(
            scope, construct_id, display_name="YAWL delivery: approval needed", master_key=key, enforce_ssl=True
        )
        if email is not None:
            subscription = cast(sns.ITopicSubscription, subscriptions.EmailSubscription(email))
            self.add_subscription(subscription)
