"""Draws the pipeline: a box for each stage, and in it a row for the actions that run in parallel."""

import html
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tools.diagrams import palette, picture
from tools.diagrams.dot import attributes, indented, quoted, table, text
from tools.diagrams.pipeline import Action, Pipeline, Stage

COLUMNS_IN_A_ROW = 2
"""More are too wide for a README, whose pictures are 830 pixels wide."""
DOWN = f'<tr><td cellpadding="0" height="14">{text("▼", size=12, color=palette.TRAFFIC)}</td></tr>'


def dot(pipeline: Pipeline) -> tuple[str, str]:
    """Return the graph and a description of it."""
    names = [stage.name for stage in pipeline.stages]
    description = (
        f"The stages of {pipeline.name}, in order: {', '.join(names)}. Actions in the same row run in parallel."
    )
    graph = {
        "fontname": picture.FONT,
        "rankdir": "LR",
        "ranksep": "0.3",
        "pad": "0.3",
        "bgcolor": "transparent",
    }
    edge = {"color": palette.TRAFFIC, "penwidth": "2", "arrowsize": "0.8", "fontname": picture.FONT, "fontsize": "12"}
    columns = _columns(pipeline.stages)
    lines = [
        f"graph {attributes(graph)};",
        f"node {attributes({'shape': 'plain', 'fontname': picture.FONT, 'fontsize': '8'})};",
        f"edge {attributes(edge)};",
        *(_column(column) for column in columns),
        *_folded(columns),
    ]
    mutation = _self_mutation(pipeline)
    if mutation is not None and mutation in columns[0]:
        look = {
            "style": "dashed",
            "penwidth": "1.2",
            "color": palette.QUIET,
            "fontcolor": palette.QUIET,
            "label": "restarts after\nupdating itself",
        }
        column = quoted(columns[0][0].name)
        back = f"{column}:{quoted(mutation.name)}:w -> {column}:{quoted(columns[0][0].name)}:w"
        lines.append(f"{back} {attributes(look)};")
    return f"digraph pipeline {{\n{indented(lines)}}}\n", description


def _columns(stages: Sequence[Stage]) -> list[list[Stage]]:
    """Give each environment a column, with the stages before it that share its name, and the first stages another."""
    columns: list[list[Stage]] = [[]]
    for stage in reversed(stages):
        environment = columns[-1][-1] if columns[-1] and columns[-1][-1].deploys else None
        if stage.deploys or (environment is not None and not stage.name.startswith(environment.name)):
            columns.append([])
        columns[-1].insert(0, stage)
    return [column for column in reversed(columns) if column]


def _folded(columns: Sequence[Sequence[Stage]]) -> Iterator[str]:
    """Join the columns by arrows, a few in a row, because one long row cannot be read in a README."""
    names = [quoted(column[0].name) for column in columns]
    for number, (left, right) in enumerate(pairwise(names), 1):
        begins_a_row = number % COLUMNS_IN_A_ROW == 0
        yield f"{left} -> {right}{' [constraint=false]' if begins_a_row else ''};"
    for place in range(COLUMNS_IN_A_ROW):
        for upper, lower in pairwise(names[place::COLUMNS_IN_A_ROW]):
            yield f"{{ rank=same; {upper} -> {lower} [style=invis]; }}"


def _column(stages: Sequence[Stage]) -> str:
    """Return stages one below the other, as one invisible box."""
    rows = []
    for number, stage in enumerate(stages):
        if number:
            rows.append(DOWN)
        rows.append(f'<tr><td port="{html.escape(stage.name)}" cellpadding="0">{_box(stage)}</td></tr>')
    label = table(rows, cellspacing="0")
    return f"{quoted(stages[0].name)} {attributes({'label': f'<{label}>'})};"


def _self_mutation(pipeline: Pipeline) -> Stage | None:
    """Return the stage after which an execution restarts. CDK Pipelines names its action `SelfMutate`."""
    if not pipeline.restarts:
        return None
    named = (stage for stage in pipeline.stages if any(a.name == "SelfMutate" for group in stage.groups for a in group))
    return next(named, None)


def _box(stage: Stage) -> str:
    rows = [f'<tr><td align="left">{text(stage.name, size=13, color=palette.INK, bold=True)}</td></tr>']
    for number, group in enumerate(stage.groups):
        if number:
            rows.append(DOWN)
        cells = "".join(f"<td>{_cell(action)}</td>" for action in group)
        rows.append(f"<tr><td>{table([f'<tr>{cells}</tr>'], cellspacing='4', cellpadding='0')}</td></tr>")
    rows += [
        f'<tr><td align="left">{text(words, size=12, color=palette.QUIET)}</td></tr>' for words in stage.conditions
    ]
    return (
        f'<table border="1" cellborder="0" cellspacing="0" cellpadding="3" style="rounded" '
        f'bgcolor="{palette.FRAME}" color="{palette.RULE}">{"".join(rows)}</table>'
    )


def _cell(action: Action) -> str:
    color, ground = (palette.APPROVAL, palette.APPROVAL_BOX) if action.is_approval else (palette.RULE, palette.BOX)
    ink = palette.APPROVAL if action.is_approval else palette.INK
    name, kind = text(action.name, size=12, color=ink, bold=True), text(action.kind, size=12, color=palette.QUIET)
    return (
        f'<table border="1" cellborder="0" cellspacing="0" cellpadding="3" style="rounded" bgcolor="{ground}" '
        f'color="{color}"><tr><td>&nbsp;{name}&nbsp;</td></tr>'
        f"<tr><td>&nbsp;{kind}&nbsp;</td></tr></table>"
    )
