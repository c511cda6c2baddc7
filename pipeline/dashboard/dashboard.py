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


class PipelineDashboard(cloudwatch.Dashboard):
    """What fires, how delivery goes, what each environment has, and where time and money go; in that order."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        pipeline_address: str,
        stages: Sequence[BuiltStage],
        approvals: Sequence[str],
        environments: Sequence[EnvironmentView],
        projects: Sequence[str],
        metrics_log_group_name: str,
        dead_letters: sqs.Queue,
    ) -> None:
        sources = DeliverySources(pipeline_name)
        gates = [stage for stage in stages if stage.name in approvals]
        ways = " · ".join(
            [
                f"[pipeline executions]({pipeline_address})",
                *(f"[{one.name} (account {one.account})]({one.dashboard})" for one in environments),
            ]
        )
        super().__init__(
            scope,
            construct_id,
            dashboard_name=pipeline_name,
            # Twelve weeks: a trend needs some.
            default_interval=Duration.days(84),
        )
        for row in (
            [heading(f"# YAWL delivery\n{ways}")],
            *alarm_rows(self, environments),
            *delivery_rows(sources, environments[-1].name),
            [heading("## Environments", height=1)],
            *environment_rows(sources, environments, log_group_name=metrics_log_group_name),
            [heading("## Executions, stages and actions", height=1)],
            *run_rows(sources),
            *waiting_rows(sources, stages, approvals=gates),
            *stage_rows(sources, stages, approvals=gates),
            [heading("## Builds", height=1)],
            *build_rows(projects, dead_letters=dead_letters),
        ):
            self.add_widgets(*row)
