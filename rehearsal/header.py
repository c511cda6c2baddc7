"""What a rehearsal says before anything runs: what it found, what it will run and what it cannot."""

import argparse
from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from rehearsal.actions.sources.contents import rehearsed_source
from rehearsal.assembly import Assembly
from rehearsal.engine.expected_gaps import SOURCE, expected_gaps, pipeline_of
from rehearsal.process import closed_network
from rehearsal.process.cdk_cli import CdkCli
from rehearsal.project.discovery import Project
from rehearsal.project.repository import Commit, Repository
from rehearsal.workloads.expected import expected_workload_gaps

LABEL_COLUMNS = 10
MOST_NAMES = 8
"""Names in one line; more are counted."""
MOST_GAPS = 12
WEAKER = (
    "programs that ignore proxies, such as curl --noproxy '*', could reach AWS from this machine, though without "
    "credentials, because it allows no network namespaces"
)


def print_source(
    console: Console,
    options: argparse.Namespace,
    found: Repository | Project,
    commit: Commit,
    base: Commit | None,
) -> None:
    """Say which project and commit is rehearsed."""
    repository = found.repository if isinstance(found, Project) else found
    _print(
        console,
        "project",
        f"{found}, {'without git' if repository.directory != repository.work_tree else f'{options.ref} = {commit}'}",
    )
    if base:
        _print(console, "update", f"first delivers {base}, which this commit then updates")
    if dirty := repository.uncommitted():
        changes = f"{len(dirty)} uncommitted change(s): {_names(dirty, 3)}"
        if options.assembly:
            changes += "; if the assembly has them, the pipeline starts with them and then updates itself to the commit"
        _print(console, "without", changes, "yellow")
    if not closed_network.works():
        _print(console, "weaker", WEAKER, "yellow")


def print_pipeline(console: Console, options: argparse.Namespace, found: Assembly, cli: CdkCli) -> None:
    """Say what the assembly has, what will run, and what cannot."""
    actions = Counter(action.partition("/")[0] for action in found.actions)
    stages = ", ".join(f"{stage} ({count})" for stage, count in actions.items())
    approvals = {"yes": "all given", "no": "all refused"}.get(options.approve, "asked on the terminal")
    _print(
        console, "pipeline", f"{found.pipeline}, type {found.pipeline_type}; stack {found.stack_name} in {found.home}"
    )
    _print(console, "stages", f"{stages}: {actions.total()} actions")
    _print(console, "deploys", f"{len(found.stacks)} stack(s) to {_names(map(str, found.aws_environments))}")
    if found.agnostic_stacks:
        _print(console, "assumed", f"{found.home} for {_names(found.agnostic_stacks)}, which name none (--default-env)")
    if found.ignored_stacks:
        _print(console, "without", f"{len(found.ignored_stacks)} stack(s) that the pipeline does not deploy")
    _print(console, "with", f"{cli}; permissions: {options.permissions}; approvals: {approvals}")
    sources = [name for name, _ in options.sources if name]
    pipeline = pipeline_of(found.stacks[0], found.pipeline_id)
    if sum(action.category == SOURCE for stage in pipeline.stages for action in stage.actions) > 1:
        _print(console, "commit", f"delivered by {rehearsed_source(pipeline)}")
    expected = [
        *found.gaps,
        *expected_gaps(found.stacks[0], found.pipeline_id, sources),
        *expected_workload_gaps(found.templates, has_workload=options.workload is not None),
    ]
    gaps = [gap for gap in expected if not gap.is_minor]
    for gap in gaps[:MOST_GAPS]:
        _print(console, "cannot", str(gap), "yellow")
    if len(gaps) > MOST_GAPS:
        _print(console, "cannot", f"{len(gaps) - MOST_GAPS} more, listed at the end", "yellow")


def print_line(console: Console, text: str, style: str = "default") -> None:
    """Print one line; a terminal wraps it."""
    console.print(Text(text, style), soft_wrap=not console.is_terminal)


def _print(console: Console, label: str, text: str, style: str = "default") -> None:
    print_line(console, f"{label:{LABEL_COLUMNS}} {text}", style)


def _names(names: Iterable[str], most: int = MOST_NAMES) -> str:
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
