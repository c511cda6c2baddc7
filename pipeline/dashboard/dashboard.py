"""The dashboard of the pipeline."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from pipeline.built_pipeline import BuiltStage
from pipeline.dashboard.builds import build_rows
from pipeline.dashboard.delivery import delivery_rows
from pipeline.dashboard.environments import EnvironmentView, alarm_rows, environment_rows
from pipeline.dashboard.sources import DeliverySources
from pipeline.dashboard.stages import run_rows, stage_rows, waiting_rows
from pipeline.dashboard.widgets import heading
from stacks.shared.runbook import link


class PipelineDashboard(cloudwatch.Dashboard):
    """Alarms, delivery performance, what runs where, then durations and build cost.

    `views` are the environments in each of their regions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        pipeline_address: str,
        runbooks: str,
        stages: Sequence[BuiltStage],
        approvals: Sequence[str],
        environments: Sequence[str],
        views: Sequence[EnvironmentView],
        projects: Sequence[str],
        metrics_log_group_name: str,
        dead_letters: sqs.Queue,
    ) -> None:
        sources = DeliverySources(pipeline_name)
        approval_stages = [stage for stage in stages if stage.name in approvals]
        links = " · ".join(
            [
                f"[pipeline executions]({pipeline_address})",
                link(runbooks),
                *(f"[{one.name} (account {one.account})]({one.dashboard})" for one in views),
            ]
        )
        super().__init__(
            scope,
            construct_id,
            dashboard_name=pipeline_name,
            # Twelve weeks, to show trends.
            default_interval=Duration.days(84),
            # Otherwise CloudWatch chooses periods by the time shown: weekly figures would not be of weeks.
            period_override=cloudwatch.PeriodOverride.INHERIT,
        )
        for row in (
            [heading(f"# YAWL delivery\n{links}")],
            *alarm_rows(self, views),
            *delivery_rows(sources, environments, log_group_name=metrics_log_group_name),
            [heading("## Environments", height=1)],
            *environment_rows(sources, environments, log_group_name=metrics_log_group_name),
            [heading("## Executions, stages and actions", height=1)],
            *run_rows(sources),
            *waiting_rows(sources, stages, approvals=approval_stages),
            *stage_rows(sources, stages, approvals=approval_stages),
            [heading("## Builds", height=1)],
            *build_rows(projects, dead_letters=dead_letters),
        ):
            self.add_widgets(*row)
