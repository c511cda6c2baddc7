"""The SNS topics that alarms publish to."""

from typing import Final, cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.monitoring.severity import Severity
from stacks.shared.key import rotating_key

CLOUDWATCH: Final = "cloudwatch.amazonaws.com"


class AlarmTopics(Construct):
    """One encrypted topic per severity; the alarms of this environment publish to them, over TLS."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment_name: str, email: str | None, logs: bool
    ) -> None:
        """Build the topics; with `logs`, log groups may use their key too."""
        super().__init__(scope, construct_id)
        self._environment_name = environment_name
        self.key = self._build_key(logs=logs)
        stack = Stack.of(self)
        alarms = [
            stack.format_arn(service="cloudwatch", resource=f"alarm:{prefix}-{environment_name}-*")
            for prefix in ("yawl", "yawl-maintenance")
        ]
        self.by_severity = {
            severity: self._build_topic(severity, key=self.key, alarms=alarms, email=email) for severity in Severity
        }

    def _build_key(self, *, logs: bool) -> kms.IKey:
        """Return a customer managed key: the AWS managed key for SNS does not allow CloudWatch to use it."""
        # Not retained: SNS deletes messages after delivery.
        key = rotating_key(
            self, "Key", description=f"Alarms of YAWL {self._environment_name}", logs=logs, retain_data=False
        )
        permission = iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            # In a key policy "*" means this key.
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
        )
        permission.add_service_principal(CLOUDWATCH)
        key.add_to_resource_policy(permission)
        return key

    def _build_topic(self, severity: Severity, *, key: kms.IKey, alarms: list[str], email: str | None) -> sns.Topic:
        name = f"yawl-{self._environment_name}-{severity}"
        topic = sns.Topic(
            self,
            severity.capitalize(),
            topic_name=name,
            display_name=f"YAWL {self._environment_name}: {severity}",
            master_key=key,
            enforce_ssl=True,
        )
        permission = iam.PolicyStatement(
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"ArnLike": {"aws:SourceArn": alarms}},
        )
        permission.add_service_principal(CLOUDWATCH)
        topic.add_to_resource_policy(permission)
        if email is not None and severity.mailed:
            # Class and interface name a parameter differently, which the type checker rejects.
            topic.add_subscription(cast(sns.ITopicSubscription, subscriptions.EmailSubscription(email)))
        return topic
