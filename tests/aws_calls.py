"""Tables of what programs make of AWS's answers to each of their calls, and the calls that their sources contain."""

import ast
import functools
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any, Final

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from tests.aws_answers import ABSENT, BROKEN, DENIED, KINDS, THROTTLED, UNREACHABLE, Error, FakeAws, Value
from tests.paths import ROOT

CODES: Final = {
    DENIED: r"\b(AccessDenied(Exception)?|UnauthorizedOperation)\b",
    THROTTLED: r"\b(Throttling(Exception)?|RequestLimitExceeded|SlowDown)\b",
    BROKEN: r"\bServiceUnavailable\b",
    UNREACHABLE: r"\b(Could not connect|EndpointConnectionError)\b",
}
"""What a message must say of each kind; `{code}` in an expectation stands for it."""
TOLD: Final = {
    DENIED: "AWS denied it: .*",
    THROTTLED: "AWS throttled it: .*",
    BROKEN: "AWS failed: .*",
    UNREACHABLE: "AWS cannot be reached: .*",
}
"""How `jobs.aws_errors` explains them; `{told}` stands for it, with the code."""

RETRY_MODES: Final = ("standard", "adaptive")
"""Those that retry every code of throttling; the default, `legacy`, does not (Boto3 guide, "Retries")."""
LEAST_ATTEMPTS: Final = 3
"""Before a throttled or failed call counts."""
Absent = tuple[Error | Value | None, str]
"""What AWS answers if the thing asked for does not exist, and the expected outcome. None: it has no such answer."""
LISTS: Final[Absent] = (None, "")
"""The operation lists what there is, or changes something: nothing can be absent."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Call:
    """One operation that a file calls, and what comes of each answer, as a regular expression of `outcome`."""

    file: str
    operation: str
    run: Callable[[], Any]
    values: Mapping[str, Any]
    absent: Absent
    expected: Mapping[str, str]

    @property
    def kinds(self) -> Iterator[str]:
        """The kinds of answers that AWS may give."""
        return (kind for kind in KINDS if kind != ABSENT or self.absent[0] is not None)

    def check(self, kind: str, aws: FakeAws) -> None:
        """Run the program and compare what comes of it."""
        answer, expected = self.absent
        aws.values, aws.failing, aws.kind = self.values, self.operation, kind
        if kind == ABSENT and isinstance(answer, Mapping):
            aws.values, aws.failing = {**self.values, self.operation: answer}, ""
        elif kind == ABSENT and isinstance(answer, tuple):
            aws.absent = answer
        else:
            expected = self.expected[kind]
        output = outcome(self.run)
        assert aws.attempts[self.operation], f"{self.operation} was not called: {output}"
        assert re.search(expected, output, re.DOTALL), f"{output!r} is not {expected!r}"
        assert set(aws.modes.values()) <= set(RETRY_MODES), f"a client has the legacy retries: {aws.modes}"
        if kind in (THROTTLED, BROKEN, UNREACHABLE):
            assert aws.attempts[self.operation] >= LEAST_ATTEMPTS, "botocore did not retry it"


@dataclass(frozen=True)
class Errors:
    """What is expected of errors: `each`, unless something else is given for a kind."""

    each: str
    denied: str = ""
    throttled: str = ""
    broken: str = ""
    """Also if AWS cannot be reached."""

    def of(self, kind: str) -> str:
        """Return the regular expression for a kind."""
        given = {DENIED: self.denied, THROTTLED: self.throttled, BROKEN: self.broken, UNREACHABLE: self.broken}
        expected = (given[kind] or self.each).replace("{told}", TOLD[kind] + CODES[kind])
        return expected.replace("{code}", CODES[kind])


RAISED: Final = Errors(r"^[A-Z]\w+: .*{code}")
"""botocore raises the error, and the program passes it on."""


def calls(file: str, run: Callable[[], Any], values: Mapping[str, Any], errors: Errors, **absent: Absent) -> list[Call]:
    """Return the rows of a file's operations, which run the same way."""
    expected = {kind: errors.of(kind) for kind in CODES}
    return [
        Call(file=file, operation=name, run=run, values=values, absent=one, expected=expected)
        for name, one in absent.items()
    ]


def outcome(run: Callable[[], Any]) -> str:
    """Return what comes of a program: `exit 2: TEXT`, `ErrorType: TEXT`, or the value, with what it printed."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            value = run()
    except SystemExit as end:
        return f"exit {end.code}: {printed.getvalue()}"
    except Exception as error:  # noqa: BLE001 - it is the result
        return f"{type(error).__name__}: {error}\n{printed.getvalue()}"
    return f"{value!r}\n{printed.getvalue()}"


@dataclass(frozen=True)
class Exit:
    """An exit code, as `outcome` shows it."""

    code: int

    def __repr__(self) -> str:
        return f"exit {self.code}:"


def sources(*folders: str) -> list[str]:
    """Return the Python files of folders, relative to the repository."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def calls_in(files: Sequence[str]) -> set[tuple[str, str]]:
    """Return the operations that each file of a program calls, of every service that one of its files names.

    Paginators and waiters count by the operation's or waiter's name; where that is a variable, by every such constant.
    """
    trees = {file: ast.parse((ROOT / file).read_text()) for file in files}
    named = {text for tree in trees.values() for text in _constants(tree)} & _services()
    operations = {name for service in named for name in _operations(service)}
    return {(file, name) for file, tree in trees.items() for name in _called(tree) & operations}


def _called(tree: ast.AST) -> set[str]:
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    found: set[str] = set()
    for call in made:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name not in ("get_paginator", "get_waiter"):
            found.add(name)
        elif isinstance(call.args[0], ast.Constant):
            found.add(str(call.args[0].value))
        else:
            found |= set(_constants(tree))
    return found


def _constants(tree: ast.AST) -> Iterator[str]:
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


@functools.cache
def _session() -> Any:
    return botocore.session.Session()


@functools.cache
def _services() -> frozenset[str]:
    return frozenset(_session().get_available_services())


@functools.cache
def _operations(service: str) -> frozenset[str]:
    """Return the methods of a service's client, and its waiters."""
    names = [xform_name(name) for name in _session().get_service_model(service).operation_names]
    with suppress(UnknownServiceError):
        names += [xform_name(name) for name in _session().get_waiter_model(service).waiter_names]
    return frozenset(names)
