"""Mutants that no test should catch, because they change nothing that matters; they are left out of all figures.

Each kind is excluded as a whole, by operator or by place. No single mutant is.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

OPERATORS = (
    # One replacement for each arithmetic or set operator: the others are caught by the same tests.
    *("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul", "BitOr_BitAnd", "BitAnd_BitOr"),
    # A comparison is negated, and one with a limit also moves its limit.
    *("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is"),
    *("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt"),
    *("Delete_Not", "Delete_USub"),
    *("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ExceptionReplacer", "NumberReplacer"),
    *("RemoveDecorator", "ZeroIterationForLoop"),
)
"""Cosmic Ray's operators that are used; `operator_name` completes the short ones."""

DECORATORS = {
    "cache": "changes only the time",
    "lru_cache": "changes only the time",
    "override": "read by the type checker",
    "abstractmethod": "read by the type checker",
}
"""Decorators that may be removed without effect, each with the reason."""

KEYWORDS = {
    "frozen": "the type checker finds assignments",
    "kw_only": "the type checker finds positional arguments",
    "slots": "changes only memory",
    "strict": "zip's check of an invariant: equal lengths give equal results",
    "indent": "layout of JSON for people",
    "exc_info": "text of a log",
    "usedforsecurity": "read where OpenSSL allows FIPS algorithms only",
}
"""Keyword arguments whose values are harmless, each with the reason."""

DATA = {"PLACES": "another degree changes at most which region a message suggests"}
"""Constants whose values are harmless, each with the reason."""

LOGS = ("log", "logger", "logging", "_log", "random", "warnings")
"""Objects whose methods write logs, or choose a jitter: their arguments are harmless."""

_BARE_STAR = re.compile(r"(?:^|[ (])\*,")
"""The mark before parameters that are named in calls."""

HELP = ("add_argument", "ArgumentParser")
"""Calls that describe a command line; whoever tests the program tests what they accept."""


@dataclass(frozen=True)
class Span:
    """A passage of a file, from a line and column to another."""

    start: tuple[int, int]
    end: tuple[int, int]

    def __contains__(self, position: tuple[int, int]) -> bool:
        return self.start <= position < self.end


def operator_name(short: str) -> str:
    """Return Cosmic Ray's name of an operator in OPERATORS."""
    if "_" not in short:
        return short
    if short.startswith("Delete"):
        return f"ReplaceUnaryOperator_{short}"
    comparisons = ("Eq", "NotEq", "Is", "IsNot", "Lt", "LtE", "Gt", "GtE")
    kind = "Comparison" if short.partition("_")[0] in comparisons else "Binary"
    return f"Replace{kind}Operator_{short}"


class Harmless:
    """Knows the harmless places of a file."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        tree = ast.parse(text)
        self._anything = [self._span(node) for node in _harmless_nodes(tree)]
        self._annotations = [self._span(node) for node in _annotations(tree)]

    def contains(self, operator: str, position: tuple[int, int]) -> bool:
        """Return whether an operator's mutant at this position is harmless."""
        if "_Mul_" in operator and _BARE_STAR.match(self._lines[position[0] - 1], max(position[1] - 1, 0)):
            # Parameters become positional-only, and the type checker finds the calls.
            return True
        if "BitOr" in operator and any(position in span for span in self._annotations):
            return True
        return any(position in span for span in self._anything)

    def _span(self, node: ast.expr | ast.stmt) -> Span:
        # A decorator's expression begins behind its @, where Cosmic Ray's mutant begins.
        start = self._characters(node.lineno, node.col_offset)
        line = self._lines[node.lineno - 1]
        if line[: start[1]].strip() == "@":
            start = (node.lineno, start[1] - 1)
        return Span(start, self._characters(node.end_lineno or node.lineno, node.end_col_offset or 0))

    def _characters(self, line: int, octets: int) -> tuple[int, int]:
        """Convert a position of `ast`, which counts bytes."""
        return line, len(self._lines[line - 1].encode()[:octets].decode())


def _harmless_nodes(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in LOGS:
                yield node
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in HELP:
                yield node
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in DATA:
                yield value
            case ast.keyword(arg=name) if name in KEYWORDS:
                yield node.value
            case ast.If(test=test) if ast.unparse(test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
                yield node
            case ast.IfExp(body=body, orelse=orelse) if _ending(body) or _ending(orelse):
                yield node
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                yield from (item for item in node.decorator_list if _last_name(item) in DECORATORS)
            case _:
                pass


def _annotations(tree: ast.AST) -> Iterable[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=ast.expr() as annotation):
                yield annotation
            case ast.FunctionDef(returns=ast.expr() as returns):
                yield returns
            case _:
                pass


def _ending(node: ast.expr) -> bool:
    """Return whether the expression is the ending of a plural."""
    return isinstance(node, ast.Constant) and node.value in ("s", "es", "ies")


def _last_name(node: ast.expr) -> str:
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
