"""The runbook of an alarm about events that a function could not process."""

from typing import cast

from aws_cdk import CfnElement, Stack
from constructs import Construct

from stacks.shared.runbook import Runbook


def failure_runbook(meaning: str, users: str, *, pipeline_name: str, queue: Construct, log_group: Construct) -> Runbook:
    """Return the runbook for events in the dead-letter `queue`; `meaning` says what is missing because of them."""
    queue_url, log = _physical(queue), _physical(log_group)
    return Runbook(
        meaning=f"{meaning}: the function failed three times for an event. See its log and the dead-letter queue.",
        users=users,
        commands=(
            f"aws logs filter-log-events --region $REGION --log-group-name {log} "
            "--start-time $(($(date +%s) - 86400))000 --filter-pattern '?ERROR ?Traceback ?\"Task timed out\"' "
            "--query 'events[-20:].message' --output text",
            f"aws sqs receive-message --region $REGION --queue-url {queue_url} --max-number-of-messages 10 "
            "--visibility-timeout 0 --message-attribute-names All "
            "--query 'Messages[].[MessageAttributes.ERROR_MESSAGE.StringValue,Body]' --output text",
            f"aws codepipeline list-pipeline-executions --region $REGION --pipeline-name {pipeline_name} --max-items "
            "10 --query 'pipelineExecutionSummaries[].[pipelineExecutionId,status,lastUpdateTime]' --output text",
        ),
        escalate="Today, to whoever maintains the pipeline, with the log's error. The alarm stays in ALARM until "
        f"the queue is empty: once the cause is fixed, `aws sqs purge-queue --region $REGION --queue-url {queue_url}`. "
        "What the events would have caused is not done again.",
    )


def _physical(construct: Construct) -> str:
    """Return the shell expression for the construct's name in AWS."""
    stack = Stack.of(construct)
    logical_id = stack.resolve(cast(CfnElement, construct.node.default_child).logical_id)
    return (
        f"$(aws cloudformation describe-stack-resource --region $REGION --stack-name {stack.stack_name} "
        f"--logical-resource-id {logical_id} --query StackResourceDetail.PhysicalResourceId --output text)"
    )
