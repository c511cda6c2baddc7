"""Alarms, EventBridge, Lambda, SNS, budgets and chat."""

from collections.abc import Iterator

from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import (
    Call,
    Caller,
    assume,
    calls,
    key_calls,
    log_write,
    role,
    row,
    service,
)


@row(
    "Amazon CloudWatch",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    source="CloudWatch User Guide, 'Using Amazon CloudWatch alarms', 'Notifying users on alarm changes'; SNS Developer "
    "Guide, 'Configuring AWS KMS permissions', 'Enable compatibility between event sources and encrypted topics'",
)
def notifying_of_an_alarm(alarm: Resource, resources: Resources) -> Iterator[Call]:
    """Return the publishing of an alarm's changes to topics, encrypted ones too."""
    kinds = ("AlarmActions", "OKActions", "InsufficientDataActions")
    targets = {arn for kind in kinds for arn in alarm.at(kind, default=[])}
    for arn in sorted(targets):
        source = {"aws:SourceArn": alarm.arn, "aws:SourceAccount": alarm.account}
        if ":sns:" in arn:
            yield from _publish(service("cloudwatch"), arn, source, resources)
        if ":lambda:" in arn:
            caller = service("lambda.alarms.cloudwatch")
            yield Call(caller, "lambda:InvokeFunction", arn, source)


@row(
    "Amazon EventBridge",
    "AWS::Events::Rule",
    source="EventBridge User Guide, 'Using resource-based policies for Amazon EventBridge' and 'Using dead-letter "
    "queues to process undelivered events'",
    open="EventBridge's requests to KMS carry no aws:SourceArn (SNS Developer Guide), so a key's policy cannot ask for "
    "it.",
)
def invoking_a_rules_targets(rule: Resource, resources: Resources) -> Iterator[Call]:
    """Return the delivery of a rule's events to its targets, and of undeliverable events to their queues."""
    source = {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.account}
    events = service("events")
    for target in rule.at("Targets", default=[]):
        arn = target["Arn"]
        if target_role := target.get("RoleArn"):
            yield from assume("events", target_role)
        elif ":lambda:" in arn:
            yield Call(events, "lambda:InvokeFunction", arn, source)
        elif ":sns:" in arn:
            yield from _publish(events, arn, source, resources, key_source={})
        elif ":sqs:" in arn:
            yield from _send(events, arn, source, resources)
        if queue := target.get("DeadLetterConfig", {}).get("Arn"):
            yield from _send(events, queue, source, resources)


@row(
    "AWS Lambda",
    "AWS::Lambda::Function",
    source="AWS Lambda Developer Guide, 'Defining Lambda function permissions with an execution role' and 'Sending "
    "Lambda function logs to CloudWatch Logs'",
)
def running_a_function(function: Resource, _resources: Resources) -> Iterator[Call]:
    """Return the assumption of a function's role and the writing of its log."""
    own = role(function.at("Role"))
    yield from assume("lambda", own.name)
    named = function.at("LoggingConfig", "LogGroup")
    group = f"arn:aws:logs:{function.region}:{function.account}:log-group:{named or f'/aws/lambda/{function.name}'}:*"
    yield from log_write(own, group)
    if not named:
        yield from calls(own, "logs:CreateLogGroup", group)
    if function.at("TracingConfig", "Mode") == "Active":
        yield from calls(own, "xray:PutTraceSegments PutTelemetryRecords", "*")
    if function.at("VpcConfig", "SubnetIds"):
        actions = "ec2:CreateNetworkInterface DescribeNetworkInterfaces DeleteNetworkInterface DescribeSubnets"
        yield from calls(own, actions, "*")


@row(
    "AWS Lambda",
    "AWS::Lambda::Function",
    "AWS::Lambda::EventInvokeConfig",
    source="AWS Lambda Developer Guide, 'Adding a dead-letter queue' and 'Capturing records of asynchronous "
    "invocations'",
)
def sending_failed_invocations(resource: Resource, resources: Resources) -> Iterator[Call]:
    """Return what a function's role does with events that could not be processed."""
    targets = [resource.at("DeadLetterConfig", "TargetArn")]
    targets += [resource.at("DestinationConfig", kind, "Destination") for kind in ("OnFailure", "OnSuccess")]
    function = resource
    if resource.type == "AWS::Lambda::EventInvokeConfig":
        found = resources.named("AWS::Lambda::Function", resource.at("FunctionName", default=""), resource)
        if found is None:
            return
        function = found
    own = role(function.at("Role"))
    for arn in filter(None, targets):
        if ":sqs:" in arn:
            yield from _send(own, arn, {}, resources)
        if ":sns:" in arn:
            yield from _publish(own, arn, {}, resources)


@row(
    "Amazon SNS",
    "AWS::SNS::Subscription",
    source="Amazon SNS Developer Guide, 'Fanout to Amazon SQS queues' and 'Fanout to Lambda functions'",
)
def delivering_messages(subscription: Resource, resources: Resources) -> Iterator[Call]:
    """Return the delivery of a topic's messages to queues and functions; email needs no permission."""
    source = {"aws:SourceArn": subscription.at("TopicArn", default="")}
    endpoint = str(subscription.at("Endpoint", default=""))
    if subscription.at("Protocol") == "sqs":
        yield from _send(service("sns"), endpoint, source, resources)
    if subscription.at("Protocol") == "lambda":
        yield Call(service("sns"), "lambda:InvokeFunction", endpoint, source)


@row(
    "AWS Budgets",
    "AWS::Budgets::Budget",
    source="AWS Cost Management User Guide, 'Creating an Amazon SNS topic for budget notifications'",
)
def notifying_of_a_budget(budget: Resource, resources: Resources) -> Iterator[Call]:
    """Return the publishing of a budget's notifications; email needs no permission."""
    source = {
        "aws:SourceAccount": budget.account,
        "aws:SourceArn": f"arn:aws:budgets::{budget.account}:{budget.physical_id}",
    }
    for item in budget.at("NotificationsWithSubscribers", default=[]):
        for subscriber in item.get("Subscribers", []):
            if subscriber.get("SubscriptionType") == "SNS":
                yield from _publish(service("budgets"), subscriber["Address"], source, resources)


@row(
    "Amazon Q Developer in chat applications",
    "AWS::Chatbot::SlackChannelConfiguration",
    source="Amazon Q Developer in chat applications Administrator Guide, 'Configuring an IAM role'",
    open="An encrypted topic's key must allow the services that publish; that reading takes more is not documented.",
)
def joining_a_channel(configuration: Resource, _resources: Resources) -> Iterator[Call]:
    """Return the chat service's assumption of its role."""
    if arn := configuration.at("IamRoleArn"):
        yield from assume("chatbot", arn)


@row(
    "Amazon EventBridge Scheduler",
    "AWS::Scheduler::Schedule",
    source="EventBridge Scheduler User Guide, 'Setting up the execution role'",
)
def invoking_a_schedules_target(schedule: Resource, resources: Resources) -> Iterator[Call]:
    """Return what a schedule's role does to its target."""
    arn, target_role = schedule.at("Target", "Arn"), schedule.at("Target", "RoleArn")
    if arn and target_role:
        yield from assume("scheduler", target_role)
        if ":lambda:" in arn:
            yield Call(role(target_role), "lambda:InvokeFunction", arn)
        if queue := schedule.at("Target", "DeadLetterConfig", "Arn"):
            yield from _send(role(target_role), queue, {}, resources)


def _publish(
    caller: Caller, topic: str, source: dict[str, str], resources: Resources, key_source: dict[str, str] | None = None
) -> Iterator[Call]:
    yield Call(caller, "sns:Publish", topic, source)
    found = resources.by_arn(topic)
    key = resources.key(found.at("KmsMasterKeyId"), found) if found else None
    context = {**(source if key_source is None else key_source), "kms:EncryptionContext:aws:sns:topicArn": topic}
    through = "" if caller.name.endswith(".amazonaws.com") else "sns"
    yield from key_calls(caller, "GenerateDataKey Decrypt", key, through=through, context=context)


def _send(caller: Caller, queue: str, source: dict[str, str], resources: Resources) -> Iterator[Call]:
    yield Call(caller, "sqs:SendMessage", queue, source)
    found = resources.by_arn(queue)
    key = resources.key(found.at("KmsMasterKeyId"), found) if found else None
    context = {"kms:EncryptionContext:aws:sqs:arn": queue}
    through = "" if caller.name.endswith(".amazonaws.com") else "sqs"
    yield from key_calls(caller, "GenerateDataKey Decrypt", key, through=through, context=context)
