"""The part of CloudWatch's metric math that the dashboards use, on series of equal length.

A missing value makes an operation's result missing; only `FILL`, `SUM`, `MAX` and `MIN` deal with it (CloudWatch User
Guide, "Using math expressions"). What the guide leaves open is drawn as the less convenient case, so that a picture
shows where an expression relies on it: a division by zero, an `IF` over a missing condition, and `EPOCH` of a missing
value give no value.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cloud_assembly import UserError
from tools.diagrams.dashboards.series import Series

OPERATORS: Final[Mapping[type[ast.AST], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: lambda one, other: float(one >= other),
    ast.Gt: lambda one, other: float(one > other),
    ast.Lt: lambda one, other: float(one < other),
}
OF_ALL: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {"SUM": sum, "MAX": max, "MIN": min}


def evaluate(expression: str, series: Mapping[str, Series], *, period: int, times: Sequence[int]) -> Series:
    """Return the expression's value at each of the times; raises UserError where it is not supported."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise UserError(f"this metric math expression is not valid: {expression}") from None
    return _Evaluation(expression, series, period, times).of(tree)


class _Evaluation:
    def __init__(self, expression: str, series: Mapping[str, Series], period: int, times: Sequence[int]) -> None:
        self._expression = expression
        self._series = series
        self._period = period
        self._times = times

    def of(self, node: ast.expr) -> Series:
        match node:
            case ast.Constant(value=int() | float() as value):
                return [float(value)] * len(self._times)
            case ast.Name(id=name) if name in self._series:
                return self._series[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return self._both(OPERATORS[type(op)], left, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
                return self._both(OPERATORS[type(op)], left, right)
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return self._call(function, arguments)
            case _:
                raise UserError(
                    f"this metric math expression has an operation that pictures do not support: {self._expression}"
                )

    def _both(self, operation: Callable[[float, float], float], left: ast.expr, right: ast.expr) -> Series:
        pairs = zip(self.of(left), self.of(right), strict=True)
        divides = operation is operator.truediv
        return [
            None if one is None or other is None or (divides and not other) else operation(one, other)
            for one, other in pairs
        ]

    def _call(self, function: str, arguments: Sequence[ast.expr]) -> Series:
        match function, arguments:
            case "PERIOD", [_]:
                return [float(self._period)] * len(self._times)
            case "EPOCH", [of]:
                # The start of each period.
                pairs = zip(self._times, self.of(of), strict=True)
                return [None if value is None else float(time - self._period) for time, value in pairs]
            case "FILL", [filled, ast.Name(id="REPEAT")]:
                return _repeated(self.of(filled))
            case "FILL", [filled, by]:
                return [other if one is None else one for one, other in zip(self.of(filled), self.of(by), strict=True)]
            case "IF", [condition, then, *otherwise] if len(otherwise) < 2:
                nothing: Series = [None] * len(self._times)
                rows = zip(
                    self.of(condition), self.of(then), self.of(otherwise[0]) if otherwise else nothing, strict=True
                )
                return [None if holds is None else one if holds else other for holds, one, other in rows]
            case (("SUM" | "MAX" | "MIN"), [ast.List(elts=elements)]):
                rows = zip(*(self.of(element) for element in elements), strict=True)
                known = [[value for value in row if value is not None] for row in rows]
                return [OF_ALL[function](row) if row else None for row in known]
            case _:
                raise UserError(
                    f"this metric math expression calls a function that pictures do not support: {self._expression}"
                )


def _repeated(series: Series) -> Series:
    found: Series = []
    for value in series:
        found.append(value if value is not None or not found else found[-1])
    return found
