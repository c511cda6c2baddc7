"""How much a notice takes of a long log: tables, findings, following lines, pages of the log."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lambdas.delivery_events import build_log, failure, program_messages
from lambdas.delivery_events.clients import NotReadable
from lambdas.delivery_events.program_messages import COMPLETED_WITHIN

ONE, TWO, THREE = (f'[environments.prod.accepted_changes.{number}]\nreason = "x"' for number in "123")
LOG = (
    f"{ONE}\n\n{TWO}\nnot = a key\n{ONE}\n[environments.prod.accepted_changes.4]\n\n{THREE}\nsubject = 'S'".splitlines()
)
WHOLE = [ONE, TWO, f"{THREE}\nsubject = 'S'"]


def more(number: int) -> str:
    return f"# The log has {number} more."


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (10_000, WHOLE),
        (sum(map(len, WHOLE)), WHOLE),
        (sum(map(len, WHOLE)) - 1, [*WHOLE[:2], more(1)]),
        (len(ONE), [ONE, more(2)]),
        (len(ONE) - 1, [more(3)]),
    ],
)
def test_tables_that_do_not_fit_are_counted(most: int, expected: list[str]) -> None:
    assert build_log.acceptance(LOG, most=most) == "\n\n".join(expected)


@pytest.mark.parametrize("between", ["", "not a key", "# a comment"])
def test_keys_after_the_end_of_a_table_do_not_belong_to_it(between: str) -> None:
    log = ["reason = 'before'", *ONE.splitlines(), between, "reason = 'after'", *TWO.splitlines()]
    assert build_log.acceptance(log) == f"{ONE}\n\n{TWO}"


@pytest.mark.parametrize(
    ("between", "message"),
    [
        (0, "Bake failed: alarm (5xx)"),
        (COMPLETED_WITHIN - 1, "Bake failed: alarm (5xx)"),
        (COMPLETED_WITHIN, "Bake failed: alarm"),
    ],
)
def test_reason_is_looked_for_in_the_next_lines(between: int, message: str) -> None:
    log = ["Bake failed: alarm", *["  detail"] * between, "  reason  5xx"]
    assert program_messages.failing_line(log) == message


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ([], ""),
        (["First, then retry the stage:"], ""),
        (["First, then retry the stage:", "  make a", "then retry the stage:", "make b"], "make a"),
    ],
)
def test_command_is_the_line_after_the_first_request(log: list[str], expected: str) -> None:
    assert build_log.command(log) == expected


class Logs:
    """CloudWatch Logs with a stream of several pages; the end repeats its token, or is empty."""

    def __init__(self, pages: list[list[str]]) -> None:
        self.pages = pages
        self.asked: list[dict[str, Any]] = []

    def get_log_events(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        number = int(asked.get("nextToken", "0"))
        page = self.pages[number] if number < len(self.pages) else []
        events = [{"message": f"{line}\n"} for line in page]
        return {"events": events, "nextForwardToken": str(min(number + 1, len(self.pages)))}


def reason_of(pages: list[list[str]], build: dict[str, Any] | None = None) -> tuple[failure.Reason, Logs]:
    logs = Logs(pages)
    answer = {"logs": {"groupName": "group", "streamName": "stream"}, **(build or {})}

    def batch_get_builds(ids: list[str]) -> dict[str, Any]:
        assert ids == ["build"]
        return {"builds": [answer]}

    def home(service: str) -> Any:
        return SimpleNamespace(batch_get_builds=batch_get_builds) if service == "codebuild" else logs

    clients: Any = SimpleNamespace(home=home)
    action: Any = SimpleNamespace(external_id="build", variables={})
    return failure._of_build(action, clients), logs


def test_log_is_read_from_its_head_to_its_end() -> None:
    found, logs = reason_of([["one"], ["stops: Vpc would be replaced"], ["last"]])
    assert found.lines == ("stops: Vpc would be replaced",)
    tokens = [(one["startFromHead"], one.get("nextToken")) for one in logs.asked]
    assert tokens == [(True, None), (True, "1"), (True, "2"), (True, "3")]


def test_long_log_is_read_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure, "MOST_LINES", 2)
    found, logs = reason_of([["one"], ["two"], ["three"]])
    assert (found.lines, len(logs.asked)) == (("two",), 2)


@pytest.mark.parametrize("number", [1, failure.MOST_FINDINGS, failure.MOST_FINDINGS + 2])
def test_findings_beyond_ten_are_counted(number: int) -> None:
    lines = [f"stops: finding {index}" for index in range(number)]
    found, _ = reason_of([lines])
    expected = lines if number <= 10 else [*lines[:10], "and 2 more: see the review"]
    assert found.lines == tuple(expected)


def test_build_without_a_message_in_its_log_has_codebuilds() -> None:
    contexts = [
        {"statusCode": "COMMAND_EXECUTION_ERROR", "message": "a command failed"},
        {"statusCode": "CLIENT_ERROR", "message": ""},
        {"statusCode": "CLIENT_ERROR", "message": "no image"},
        {"statusCode": "CLIENT_ERROR", "message": "later"},
    ]
    phases = [{"phaseType": "QUEUED"}, {"contexts": contexts}]
    assert reason_of([], {"phases": phases})[0].lines == ("no image",)
    assert reason_of([], {"logs": {}})[0].lines == ()


BROKEN = [
    (NotReadable("no role"), "no role; the environment's first deployment creates it"),
    (ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "Call"), "slow"),
    (EndpointConnectionError(endpoint_url="https://aws"), "Could not connect"),
    (KeyError("logs"), "the log or the stack's events are incomplete"),
    (IndexError(), "the log or the stack's events are incomplete"),
]


@pytest.mark.parametrize(("error", "told"), BROKEN, ids=[type(error).__name__ for error, _ in BROKEN])
@pytest.mark.parametrize(("summary", "shown"), [("it broke", "it broke"), ("", failure.NO_REASON)])
def test_notice_without_its_details_is_better_than_none(error: Exception, told: str, summary: str, shown: str) -> None:
    def home(_: str) -> Any:
        raise error

    clients: Any = SimpleNamespace(home=home)
    action: Any = SimpleNamespace(provider="CodeBuild", summary=summary, stack=None, external_id="build", variables={})
    [line] = failure.reason(action, clients).lines
    assert line.startswith(f"{shown}. Details unavailable: ")
    assert told in line


def test_other_errors_are_not_hidden() -> None:
    def home(_: str) -> Any:
        raise ZeroDivisionError

    action: Any = SimpleNamespace(provider="CodeBuild", summary="", stack=None, external_id="build", variables={})
    clients: Any = SimpleNamespace(home=home)
    with pytest.raises(ZeroDivisionError):
        failure.reason(action, clients)
