"""The alarms of one environment."""

from collections.abc import Iterable
from typing import Final, cast

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.monitoring.alarm_specs import AlarmSpec
from stacks.monitoring.alarm_topics import AlarmTopics
from stacks.monitoring.severity import Severity
from stacks.shared import diagnosis
from stacks.shared.runbook import Runbook

HEALTH: Final = Runbook(
    meaning="In ALARM while any high or medium alarm is, except maintenance alarms. "
    "The bake watches it after a release.",
    users="what the alarms that are in ALARM say.",
    commands=(
        "aws cloudwatch describe-alarms --region $REGION --alarm-name-prefix yawl-$ENVIRONMENT- --state-value ALARM "
        "--query 'MetricAlarms[].[AlarmName,StateReason]' --output text",
        "aws cloudwatch describe-alarm-history --region $REGION --alarm-name yawl-$ENVIRONMENT-health "
        "--history-item-type StateUpdate --query 'AlarmHistoryItems[:10].[Timestamp,HistorySummary]' --output text",
        diagnosis.TASK_COUNTS,
    ),
    escalate="As the entry of each alarm that the first command prints says. During a bake, the release fails and is "
    "rolled back by itself.",
)


class EnvironmentAlarms(Construct):
    """One alarm per specification, which publishes to the topic of its severity; and a composite alarm over them.

    `yawl-<environment>-health` is in ALARM while any high or medium alarm is. It sends no notification; the bake
    watches it. Maintenance alarms are not part of it: their names begin with `yawl-maintenance-<environment>-`, and the
    integration tests ignore them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        runbooks: str,
        specs: Iterable[AlarmSpec],
        topics: AlarmTopics,
    ) -> None:
        """Build the alarms; `runbooks` is the page with their runbooks."""
        super().__init__(scope, construct_id)
        self.by_severity: dict[Severity, list[cloudwatch.Alarm]] = {severity: [] for severity in Severity}
        self.names: list[str] = []
        """The names of all alarms, for use in other stacks."""
        self.high_names: list[str] = []
        """The names of those of high severity."""
        of_health: list[cloudwatch.Alarm] = []
        # Classes and interfaces name parameters differently, which the type checker rejects.
        actions_by_severity = {
            severity: cast(cloudwatch.IAlarmAction, actions.SnsAction(cast(sns.ITopic, topic)))
            for severity, topic in topics.by_severity.items()
        }
        for spec in specs:
            name = f"yawl-{'' if spec.of_release else 'maintenance-'}{environment_name}-{spec.name}"
            self.names.append(name)
            if spec.severity is Severity.HIGH:
                self.high_names.append(name)
            alarm = cloudwatch.Alarm(
                self,
                spec.name.title().replace("-", ""),
                alarm_name=name,
                alarm_description=spec.runbook.description(page=runbooks, alarm_name=name, severity=spec.severity),
                metric=spec.metric,
                comparison_operator=spec.comparison,
                threshold=spec.threshold,
                evaluation_periods=spec.periods,
                treat_missing_data=spec.missing,
            )
            spec.runbook.attach_to(alarm, alarm_name=name, severity=spec.severity)
            alarm.add_alarm_action(actions_by_severity[spec.severity])
            self.by_severity[spec.severity].append(alarm)
            if spec.of_release and spec.severity is not Severity.LOW:
                of_health.append(alarm)
        name = f"yawl-{environment_name}-health"
        self.health = cloudwatch.CompositeAlarm(
            self,
            "Health",
            composite_alarm_name=name,
            alarm_description=HEALTH.description(page=runbooks, alarm_name=name),
            alarm_rule=cloudwatch.AlarmRule.any_of(
                *(
                    cloudwatch.AlarmRule.from_alarm(cast(cloudwatch.IAlarm, alarm), cloudwatch.AlarmState.ALARM)
                    for alarm in of_health
                )
            ),
        )
        HEALTH.attach_to(self.health, alarm_name=name)
