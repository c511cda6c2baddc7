"""Draws the architecture of an environment, with a table of how the other environments differ."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tools.diagrams import palette, picture
from tools.diagrams.architecture import INTERNET, USERS, Architecture, Edge, Node, differences
from tools.diagrams.dot import attributes, indented, quoted, table, text

INVISIBLE = attributes({"style": "invis"})
STRAIGHT = attributes({"style": "invis", "weight": "50"})
"""Keeps a column vertical."""
COLUMNS_BELOW = 3
"""Columns of stacks below the network; more would be wider than the network."""
ACTORS = {USERS: "Users", INTERNET: "Internet"}


def dot(architectures: Sequence[Architecture]) -> tuple[str, str]:
    """Return the graph of the environment with the most boxes, the last of equals, and a description of it."""
    drawn = max(reversed(architectures), key=lambda one: len(one.nodes))
    others = [one.name for one in architectures if one is not drawn]
    description = f"The architecture of {drawn.name}, drawn from its CloudFormation templates"
    description += f"; the table below shows how {' and '.join(others)} differ." if others else "."
    return _Picture(drawn, architectures).dot(), description


class _Picture:
    def __init__(self, drawn: Architecture, all_of_them: Sequence[Architecture]) -> None:
        self._drawn = drawn
        self._all = all_of_them
        self._colors = {stack: palette.stack_color(number) for number, stack in enumerate(drawn.stacks)}

    def dot(self) -> str:
        graph = {
            "fontname": picture.FONT,
            "rankdir": "TB",
            "nodesep": "0.1",
            "ranksep": "0.4",
            "pad": "0.3",
            "bgcolor": "transparent",
            "compound": "true",
            "newrank": "true",
            "labelloc": "b",
            "label": f"<{self._notes()}>",
        }
        node = {"fontname": picture.FONT, "fontsize": "12", "shape": "plain"}
        edge = {"fontname": picture.FONT, "fontsize": "13", "arrowsize": "0.7"}
        lines = [
            f"graph {attributes(graph)};",
            f"node {attributes(node)};",
            f"edge {attributes(edge)};",
            *self._actors(),
            self._network(),
            *self._stacks_outside(),
            *(self._arrow(edge) for edge in self._drawn.edges),
            *self._rows(),
            *self._columns(),
        ]
        return f"digraph architecture {{\n{indented(lines)}}}\n"

    def _actors(self) -> Iterator[str]:
        ends = {end for edge in self._drawn.edges for end in (edge.source, edge.target)}
        for actor, words in ACTORS.items():
            if actor in ends:
                label = text(words, size=14, color=palette.INK, bold=True)
                shape = {
                    "label": f"<{label}>",
                    "shape": "box",
                    "style": "rounded,filled",
                    "margin": "0.25,0.09",
                    "fillcolor": palette.INNER_FRAME,
                    "color": palette.QUIET,
                }
                yield f"{quoted(actor)} {attributes(shape)};"
        if ends >= set(ACTORS):
            yield _same_row(ACTORS)
            yield f"{quoted(INTERNET)} -> {quoted(USERS)} {INVISIBLE};"

    def _network(self) -> str:
        inside = [node for node in self._drawn.nodes if node.in_network]
        body = [
            self._cluster(
                f"tier {tier.name}",
                _heading(f"{tier.name} subnets", ", ".join(tier.blocks), palette.INK),
                [self._box(node) for node in inside if node.tier == tier.name],
                palette.INNER_FRAME,
            )
            for tier in self._drawn.tiers
        ]
        body += [self._box(node) for node in inside if node.tier is None]
        return self._cluster(
            "network",
            _heading("VPC", f"{self._drawn.network} · {self._drawn.region}, two availability zones", palette.INK)
            if all(len(tier.blocks) == 2 for tier in self._drawn.tiers)
            else _heading("VPC", f"{self._drawn.network} · {self._drawn.region}", palette.INK),
            body,
            palette.FRAME,
        )

    def _stacks_outside(self) -> Iterator[str]:
        for stack in self._drawn.stacks:
            boxes = [self._box(node) for node in self._drawn.nodes if node.stack == stack and not node.in_network]
            if boxes:
                heading = _heading(stack, "stack", self._colors[stack])
                yield self._cluster(f"stack {stack}", heading, boxes, palette.FRAME)

    def _cluster(self, name: str, heading: str, body: Iterable[str], color: str) -> str:
        style = {
            "label": f"<{heading}>",
            "labelloc": "t",
            "labeljust": "l",
            "style": "rounded,filled",
            "fillcolor": color,
            "color": palette.RULE,
            "margin": "8",
        }
        return f"subgraph {quoted(f'cluster {name}')} {{\n{indented([f'graph {attributes(style)};', *body])}}}"

    def _box(self, node: Node) -> str:
        title = f"{node.count} {node.title}" if node.count > 1 else node.title
        cells = [text(title, size=14, color=palette.INK, bold=True), text(node.kind, size=13, color=palette.QUIET)]
        cells += [
            text(", ".join(node.facts[at : at + 2]), size=13, color=palette.QUIET)
            for at in range(0, len(node.facts), 2)
        ]
        if node.in_network:
            cells.append(text(f"{node.stack} stack", size=13, color=self._colors[node.stack]))
        color = self._colors[node.stack]
        label = (
            f'<table border="1" cellborder="0" cellspacing="0" cellpadding="1.5" style="rounded" '
            f'bgcolor="{palette.BOX}" color="{color}">'
            f'<tr><td height="2"></td></tr>'
            + "".join(f'<tr><td align="left">&nbsp;{cell}&nbsp;</td></tr>' for cell in cells)
            + '<tr><td height="2"></td></tr></table>'
        )
        return f"{quoted(node.id)} {attributes({'label': f'<{label}>'})};"

    def _arrow(self, edge: Edge) -> str:
        if not edge.traffic:
            look = {"style": "dashed", "color": palette.REFERENCE, "arrowhead": "vee"}
        else:
            color = palette.TRAFFIC
            look = {"color": color, "fontcolor": color, "penwidth": "2"}
        source, target = edge.source, edge.target
        from_row, to_row = self._height(source), self._height(target)
        if edge.traffic and from_row > to_row and (to_row or target in ACTORS):
            # Graphviz draws arrows best that point down.
            source, target = target, source
            look["dir"] = "back"
        elif not edge.traffic:
            look["constraint"] = "false"
        words = ", ".join(edge.labels)
        if words:
            look["label"] = f" {words} "
        return f"{quoted(source)} -> {quoted(target)} {attributes(look)};"

    def _rows(self) -> Iterator[str]:
        """Put each group of subnets in its own row, one below the other."""
        rows = [[node.id for node in self._drawn.nodes if node.tier == tier.name] for tier in self._drawn.tiers]
        rows = [row for row in rows if row]
        if rows:
            # A box that belongs to all subnets goes beside the middle ones.
            beside = [node.id for node in self._drawn.nodes if node.in_network and node.tier is None]
            rows[len(rows) // 2] += beside
        for row in rows:
            yield _same_row(row)
        for upper, lower in pairwise(rows):
            yield f"{quoted(upper[0])} -> {quoted(lower[0])} {INVISIBLE};"

    def _columns(self) -> Iterator[str]:
        """Put stacks outside the network in columns: those with traffic or used by it beside the network, others below.

        One column beside it keeps the picture narrow enough to be read in a README.
        """
        columns = {stack: self._column(stack) for stack in self._drawn.stacks}
        columns = {stack: column for stack, column in columns.items() if column}
        beside = [stack for stack in columns if self._is_connected(columns[stack])]
        beside.sort(key=lambda stack: (min(map(self._distance, columns[stack])), len(columns[stack])))
        for upper, lower in pairwise([one for stack in beside for one in columns[stack]]):
            yield f"{quoted(upper)} -> {quoted(lower)} {STRAIGHT};"
        below: list[list[str]] = [self._lowest() for _ in range(COLUMNS_BELOW)]
        for stack in sorted(columns.keys() - beside, key=lambda one: (-len(columns[one]), one)):
            min(below, key=len).extend(columns[stack])
        for upper, lower in (pair for column in below for pair in pairwise(column)):
            yield f"{quoted(upper)} -> {quoted(lower)} {INVISIBLE};"

    def _column(self, stack: str) -> list[str]:
        """Return the boxes of a stack outside the network, users before what they use."""
        reached = {edge.target for edge in self._drawn.edges if edge.traffic}
        used = {edge.target for edge in self._drawn.edges}
        column = [node.id for node in self._drawn.nodes if node.stack == stack and not node.in_network]
        depth = self._depths(column)
        return sorted(column, key=lambda one: (depth[one], one not in reached, one not in used))

    def _is_connected(self, column: Sequence[str]) -> bool:
        """Whether an arrow joins a box of the column with one outside of it."""
        return any((edge.source in column) != (edge.target in column) for edge in self._drawn.edges)

    def _distance(self, identifier: str) -> int:
        """Return how many arrows lead from the users to a box; a box without a way to it is last."""
        reached, distance = {USERS}, 0
        while identifier not in reached:
            further = {edge.target for edge in self._drawn.edges if edge.source in reached} - reached
            if not further:
                return len(self._drawn.nodes)
            reached |= further
            distance += 1
        return distance

    def _lowest(self) -> list[str]:
        """Return a box of the lowest row of the network."""
        lowest = max(
            (node for node in self._drawn.nodes if node.in_network), key=lambda one: self._height(one.id), default=None
        )
        return [lowest.id] if lowest else []

    def _depths(self, column: Sequence[str]) -> dict[str, int]:
        """Return how many boxes of a column must come before each, because they use it."""
        depths = dict.fromkeys(column, 0)
        for _ in column:
            for edge in self._drawn.edges:
                if edge.source in depths and edge.target in depths and edge.source != edge.target:
                    depths[edge.target] = min(max(depths[edge.target], depths[edge.source] + 1), len(column))
        return depths

    def _height(self, identifier: str) -> int:
        """Return the row a box is in, from 1 at the top; 0 outside the network."""
        order = [tier.name for tier in self._drawn.tiers]
        tier = next((node.tier for node in self._drawn.nodes if node.id == identifier), None)
        return order.index(tier) + 1 if tier in order else 0

    def _notes(self) -> str:
        rows = [_space(10), _line(self._legend())]
        rows += self._differing()
        rows += self._omitted()
        return table(rows, cellspacing="0", cellpadding="2")

    def _legend(self) -> str:
        traffic = text("━▶ ", size=13, color=palette.TRAFFIC) + text(
            "traffic and its port, as security groups and origins allow it", size=13, color=palette.QUIET
        )
        reference = text("╌▷ ", size=13, color=palette.QUIET) + text("uses", size=13, color=palette.QUIET)
        return f"{traffic}&nbsp;&nbsp;&nbsp;&nbsp;{reference}"

    def _differing(self) -> Iterator[str]:
        rows = differences(self._all)
        if not rows:
            return
        names = [one.name for one in self._all]
        heading = [text(words, size=13, color=palette.INK, bold=True) for words in ("Differences", *names)]
        body = [
            [text(words, size=13, color=palette.QUIET) for words in (title[0].upper() + title[1:], *row.values())]
            for title, row in rows.items()
        ]
        cells = [
            "<tr>" + "".join(f'<td align="left">{cell}&nbsp;&nbsp;&nbsp;&nbsp;</td>' for cell in row) + "</tr>"
            for row in (heading, *body)
        ]
        yield _space(6)
        yield _line(table(cells, cellspacing="0", cellpadding="2"))

    def _omitted(self) -> Iterator[str]:
        if self._drawn.not_drawn:
            yield _space(6)
            yield _line(text(f"Not drawn: {', '.join(self._drawn.not_drawn)}.", size=13, color=palette.QUIET))


def _same_row(identifiers: Iterable[str]) -> str:
    return f"{{ rank=same; {'; '.join(map(quoted, identifiers))} }}"


def _heading(title: str, detail: str, color: str) -> str:
    return f"{text(title, size=14, color=color, bold=True)}&nbsp;&nbsp;{text(detail, size=13, color=palette.QUIET)}"


def _line(content: str) -> str:
    return f'<tr><td align="left">{content}</td></tr>'


def _space(height: int) -> str:
    return f'<tr><td height="{height}"></td></tr>'
