"""The message of the program that failed, in the log of a build.

Each program reports failures in a form of its own. The rules below list them, the most certain first. The function that
sends mails and the rehearsal each have a copy of this file, because each is deployed alone; a test compares them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Rule:
    """How a program begins the message of a failure."""

    begins: str
    """A regular expression. Its group `text`, if it has one, is the message."""
    completed_by: str = ""
    """A regular expression for one of the next lines, whose group `text` completes the message."""
    only_complete: bool = False
    """Whether `begins` alone matches too much."""
    last: bool = False
    """Whether the last such line is the message, as in a chain of exceptions."""


STOPS: Final = r"^\s*(?P<text>stops: .+?)(?:\. If this is intended, .*)?$"
"""How a program says why it stops the delivery, perhaps with the way to accept it."""
NODE_ERROR: Final = r"^\s+\[?(?P<text>(?:\w+ ?\[\w+\]|\w*Error\b.*?): .+?):?\]?(?: \{)?$"
"""The first line of an error of Node, as its test runner prints it below a test."""
BUILD_RULES: Final = (
    # CodeBuild could not run the commands, or ended them.
    Rule(r"^\[Container\].*Phase context status code: (?!COMMAND_EXECUTION_ERROR)\S+ Message: (?P<text>\S.*)"),
)
PROGRAM_RULES: Final = (
    # Programs that say what stops a delivery.
    Rule(STOPS),
    Rule(r"^change review: "),
    Rule(r"^Bake failed: ", completed_by=r"^\s+reason\s+(?P<text>.+)"),
    Rule(r"^bake: "),
    # Checks of a file of settings, and of targets themselves.
    Rule(r"^[\w./-]+\.toml: "),
    Rule(r"^(synth|setup): "),
    # pytest cannot start the tests; docker build.
    Rule(r"^ERROR: (?P<text>.+)"),
)
TOOL_RULES: Final = (
    # cdk synth, cdk deploy, docker build, cdk-assets.
    Rule(r"^\[Error at /\S+\] "),
    Rule(r"^\s*❌\s+(?P<text>.+: .+)"),
    Rule(r"\| (?:CREATE|UPDATE|DELETE)_FAILED +\| AWS::\S+ +\| (?P<text>(?!.* cancelled$).+ .+)"),
    Rule(r"^\s*❌\s+(?P<text>.+)"),
    Rule(r"^#\d+ ERROR: (?P<text>.+)"),
    Rule(r"^error\s*: \[\d+%\] fail: (?P<text>.+)"),
    Rule(r"^Failure: (?P<text>.+)"),
    # An unhandled exception, and one of the CDK's in Node.
    Rule(r"^(\w+\.)*\w*(Error|Exception|Exit|Interrupt)( \[\w+\])?(: .+)?$", last=True),
    Rule(r"^\[?«\w+» (?P<text>.+?)\]?$"),
    # Errors of constructs and rule packs in cdk synth, pyrefly, ruff, hadolint, import-linter.
    Rule(r"^ERROR (?P<text>.+) \(Construct Annotations\)$", completed_by=r"^\s+(?P<text>\w[\w.-]*(?:/[\w.-]+)*)$"),
    Rule(r"^ERROR (?P<text>.+\([\w.]+\))$", completed_by=r"^\s+(?P<text>\S+/\S+) "),
    Rule(r"^ERROR (?P<text>.+ \[[\w-]+\])$", completed_by=r"^\s*--> (?P<text>\S+)"),
    Rule(r"^([A-Z]+\d{3,}|[\w-]+:) .+", completed_by=r"^\s*--> (?P<text>\S+)", only_complete=True),
    Rule(r"^\S+:\d+ (DL|SC)\d+ "),
    Rule(r".+ is not allowed to import ", completed_by=r"^- (?P<text>.+)"),
    # uv, npm, git, a shell, make.
    Rule(r"^error: .+", completed_by=r"^\s+cause: (?P<text>.+)"),
    Rule(r"^npm error (?P<text>.+)"),
    Rule(r"^fatal: .+"),
    Rule(r"^\S*\b(bash|sh): .+"),
    Rule(r".*\*\*\* (?P<text>[A-Za-z].+)"),
    # Node's test runner, in both of its forms: the test and its first error.
    Rule(r"^\s*not ok \d+ - .+", completed_by=r"^\s+error: '(?P<text>.+)'$"),
    Rule(r"^✖ (?P<text>(?!failing tests:).+?)(?: \([\d.]+ms\))?$", completed_by=NODE_ERROR, only_complete=True),
    # pytest, if its report is missing.
    Rule(r"^(FAILED|ERROR) \S+::"),
    Rule(r"^\S+::.+ (FAILED|ERROR)\b"),
)
COMPLETED_WITHIN: Final = 8
"""Lines."""

NOISE: Final = re.compile(
    r"""
    ^\s*$
    | [│┌├└]                                                # a row of a table
    | ^make(\[\d+\])?:\s(\*\*\*\s(\[|Waiting\s)|Entering|Leaving|Nothing|'|Target)
    | ^\[Container\]
    | ^\[\d\d:\d\d:\d\d\]\s                                 # the CDK CLI's debug output
    | ^(\$\s|--\sphase\s|phase\s\w+\sfailed\swith)          # the rehearsal's
    | Subprocess\sexited\swith\serror|:\srecipe\sfor\starget\s.*\sfailed$
    | ^\s+(File\s".*",\sline\s\d|at\s)                      # a frame of a traceback
    | ^(setup:\s(preparing|installing)|preparing\s|npm\swarn|[Ww]arning\b)
    | ^Node\.js\sv\d
    | ^npm\serror\s(code|A\scomplete\slog|errno|path|syscall)\b
    """,
    re.VERBOSE,
)
"""Lines that never say why a build failed: consequences, progress, tables."""
_COLOR: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def failing_line(lines: Sequence[str]) -> str:
    """Return the message of the program that failed; empty for a log without one.

    What a failed test prints is no message of the build, so reports of pytest count as a whole. If no program's form is
    recognized, the last line is the message.
    """
    outside, tests = _split(_plain(lines))
    output = [line for line in outside if not NOISE.search(line)]
    return (
        _first(BUILD_RULES, outside)
        or _first(PROGRAM_RULES, output)
        or next((text for test in tests if (text := test.text())), "")
        or _first(TOOL_RULES, output)
        or (output[-1].strip() if output else "")
    )


def outside_of_tests(lines: Sequence[str]) -> list[str]:
    """Return the lines that are no reports of failed tests."""
    return _split(_plain(lines))[0]


def _plain(lines: Sequence[str]) -> list[str]:
    return [_COLOR.sub("", line).rstrip() for line in lines]


def _first(rules: Sequence[Rule], lines: Sequence[str]) -> str:
    return next((text for rule in rules if (text := _message(rule, lines))), "")


def _message(rule: Rule, lines: Sequence[str]) -> str:
    found = [(number, match) for number, line in enumerate(lines) if (match := re.search(rule.begins, line))]
    for number, match in reversed(found) if rule.last else found:
        text = (match.groupdict().get("text") or lines[number]).strip()
        following = lines[number + 1 : number + 1 + COMPLETED_WITHIN]
        hits = (re.search(rule.completed_by, line) for line in following if rule.completed_by)
        more = next((hit["text"] for hit in hits if hit), "")
        if rule.only_complete and not more:
            continue
        if more:
            return f"{text.rstrip(':')} ({more})"
        # Where a list follows, its first entry says more than its title.
        entry = following[0].strip() if text.endswith(":") and following else ""
        return text if not entry or entry.startswith("[") else f"{text} {entry}"
    return ""


@dataclass
class _Test:
    """A failed test in a report of pytest."""

    name: str
    node_id: str = ""
    lines: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the test and its first error; empty if the report has the same above."""
        errors = (line[1:].strip() for line in self.lines if re.match(r"E\s", line))
        # A test that reports without a traceback begins with its message.
        first = next(errors, "") or next((line.strip() for line in self.lines if line.strip()), "")
        if not first or first.endswith("(see above)"):
            return ""
        return f"{self.node_id or self.name}: {first}"


_REPORT: Final = re.compile(r"^=+ (FAILURES|ERRORS) =+$")
_SECTION: Final = re.compile(r"^_+ (?!_ )(?:ERROR (?:at \w+ of|collecting) )?(?P<name>.+?) _+$")
"""A long name leaves room for one underscore; between the frames of a traceback is a line of `_ _ _`."""
_SUMMARY: Final = re.compile(r"^=+ short test summary info =+$")
_END: Final = re.compile(r"^(=+ )?(\d+ \w+(, )?)+ in [\d.]+s|^-+ generated xml file|^!+ Interrupted")


def _split(lines: Sequence[str]) -> tuple[list[str], list[_Test]]:
    """Return the lines outside of pytest's reports, and the failed tests in the reports."""
    outside: list[str] = []
    summary = _Test("summary")
    tests: list[_Test] = []
    current: _Test | None = None
    for line in lines:
        if _REPORT.match(line) or (current and _SUMMARY.match(line)):
            current = summary
        elif current and _END.match(line):
            current = None
        elif current is None:
            outside.append(line)
        elif section := _SECTION.match(line):
            current = _Test(section["name"])
            tests.append(current)
        else:
            current.lines.append(line)
    for test in tests:
        test.node_id = next(_node_ids(test.name, [*summary.lines, *outside]), "")
    return outside, tests


def _node_ids(name: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield the ids of a test: `tests/test_x.py::test_y`."""
    function, bracket, parameters = name.partition("[")
    # A report names a class's test with a dot.
    own_id = function.replace(".", "::") + bracket + parameters
    wanted = re.compile(rf"(?:^|\s)(\S+::{re.escape(own_id)})(?:\s|$)")
    return (match[1] for line in lines if (match := wanted.search(line)))
