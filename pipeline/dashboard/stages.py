"""Durations, waits and results of executions, stages and actions."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch

from pipeline.built_pipeline import BuiltStage
from pipeline.dashboard.sources import DAY, SECONDS_PER, DeliverySources, calculated
from pipeline.dashboard.widgets import COLUMNS, graph
from stacks.monitoring.metrics.source import Source

THIRD: Final = COLUMNS // 3
PERCENTILES: Final = (50, 95)
SELF_MUTATION: Final = "UpdatePipeline"
"""The stage in which the pipeline updates itself, as the library names it."""


def run_rows(sources: DeliverySources) -> list[list[cloudwatch.IWidget]]:
    """Return results and durations of executions."""
    own = sources.codepipeline
    ended = {
        "Successes": cloudwatch.Color.GREEN,
        "Failures": cloudwatch.Color.RED,
        "Stopped": cloudwatch.Color.ORANGE,
        "Superseded": cloudwatch.Color.GREY,
    }
    endings = [
        calculated(
            f"FILL({metric.lower()}, 0)",
            metric.lower(),
            {metric.lower(): sources.pipeline.metric(metric, "Sum", metric.lower(), period=DAY)},
            period=DAY,
            color=color,
        )
        for metric, color in ended.items()
    ]
    durations = [
        calculated(
            f"run{percentile} / {SECONDS_PER['minutes']}",
            f"p{percentile}",
            {f"run{percentile}": own.metric("PipelineDuration", f"p{percentile}", "", period=DAY)},
            period=DAY,
        )
        for percentile in PERCENTILES
    ]
    failed = calculated(
        "FILL(failed, 0)",
        "failed, including rejections",
        {"failed": own.metric("FailedPipelineExecutions", "Sum", "failed", period=DAY)},
        period=DAY,
    )
    return [
        [
            graph("Executions by result", endings, width=THIRD, unit="executions per day", bars=True),
            graph("Execution duration (CodePipeline)", durations, width=THIRD, unit="minutes"),
            graph("Failed executions (CodePipeline)", [failed], width=THIRD, unit="executions per day"),
        ]
    ]


def stage_rows(
    sources: DeliverySources, stages: Sequence[BuiltStage], *, approvals: Sequence[BuiltStage]
) -> list[list[cloudwatch.IWidget]]:
    """Return durations and failures of stages, and of the actions of stages with several."""
    rows = [_durations_and_failures("Stages", {stage.name: sources.stage(stage) for stage in stages})]
    alone = [stage for stage in stages if len(stage.actions) == 1]
    single = {f"{stage.name}/{action}": sources.action(stage, action) for stage in alone for action in stage.actions}
    # A rejected approval is no failure and has a metric of its own.
    rejectable = [f"{stage.name}/{action}" for stage in approvals for action in stage.actions]
    rows.append(_durations_and_failures("Stages with one action", single, rejectable=rejectable))
    for stage in stages:
        if stage not in alone:
            actions = {_brief(action): sources.action(stage, action) for action in stage.actions}
            rows.append(_durations_and_failures(f"{stage.name}: actions", actions))
    return rows


def waiting_rows(
    sources: DeliverySources, stages: Sequence[BuiltStage], *, approvals: Sequence[BuiltStage]
) -> list[list[cloudwatch.IWidget]]:
    """Return wait times: approvals, busy or closed stages, and self-mutation."""
    decided = [
        _minutes(sources.action(stage, action), "Duration", label, f"{stage.name} {label}", f"wait{at}{label}")
        for at, stage in enumerate(approvals)
        for action in stage.actions
        for label in ("p50", "p95")
    ]
    queued = [
        _minutes(sources.stage(stage), "QueueTime", "p95", stage.name, f"queue{at}") for at, stage in enumerate(stages)
    ]
    mutations = [
        _minutes(sources.stage(stage), "Duration", statistic, statistic, f"update{statistic}")
        for stage in stages
        if stage.name == SELF_MUTATION
        for statistic in ("p50", "p95")
    ]
    return [
        [
            graph("Approval wait time", decided, width=THIRD, unit="minutes"),
            graph("Wait time before stages, p95", queued, width=THIRD, unit="minutes"),
            graph("Self-mutation", mutations, width=THIRD, unit="minutes"),
        ]
    ]


def _durations_and_failures(
    title: str, of: Mapping[str, Source], *, rejectable: Sequence[str] = ()
) -> list[cloudwatch.IWidget]:
    graphs = [
        graph(
            f"{title}, p{percentile}",
            [
                _minutes(source, "Duration", f"p{percentile}", name, f"duration{at}")
                for at, (name, source) in enumerate(of.items())
            ],
            width=THIRD,
            unit="minutes",
        )
        for percentile in PERCENTILES
    ]
    failures = [
        source.metric("Rejections", "Sum", f"{name}, rejected", period=DAY)
        if name in rejectable
        else source.metric("Failures", "Sum", name, period=DAY)
        for name, source in of.items()
    ]
    return [*graphs, graph(f"{title}, failures", failures, width=THIRD, unit="failures per day", bars=True)]


def _brief(action: str) -> str:
    """Return the last part of a deployed stack's name, or the action's name."""
    stack, _, deploys = action.partition(".")
    return stack.rpartition("-")[2] if deploys else action


def _minutes(source: Source, metric: str, statistic: str, label: str, name: str) -> cloudwatch.MathExpression:
    seconds = source.metric(metric, statistic, label, period=DAY)
    return calculated(f"{name} / {SECONDS_PER['minutes']}", label, {name: seconds}, period=DAY)
