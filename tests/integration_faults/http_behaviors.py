"""A hundred ways in which a load balancer and its tasks answer, and the verdict that each must have.

The bad ones name the test that detects them and its words; the good ones must pass all tests of the load balancer.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, cycle, repeat
from typing import Any, TypeAlias

from tests.faulty_http_server import CONTRACT, Application, Behaviour, Request, healthy, late, raw, reset, respond
from tests.integration_faults.load_balancer_under_test import FORBIDDEN, PATH

HEALTH = "test_health_path_responds"
FORBIDDING = "test_other_paths_are_forbidden"
SAMPLE = "test_latency_and_errors_are_within_limits"
RELEASED = str(CONTRACT["version"])
UNGUESSABLE = "0a1b"

Start: TypeAlias = Callable[[], Application]
"""Makes the load balancer, which counts its requests from then on."""


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A behavior that a test must detect."""

    start: Start
    by: str
    message: str
    released: str | None = RELEASED


@dataclass(frozen=True, kw_only=True)
class Good:
    """A behavior that all tests must tolerate."""

    start: Start
    released: str | None = RELEASED


def front(
    answers: Callable[[], Iterator[Behaviour]], *, closed: Callable[[Request], Behaviour] = lambda _: FORBIDDEN
) -> Start:
    """Answer GET of the health path with these behaviors in turn, and all other requests by `closed`."""

    def start() -> Application:
        turns = answers()
        return lambda request: next(turns) if (request.method, request.path) == ("GET", PATH) else closed(request)

    return start


def always(behaviour: Behaviour) -> Start:
    return front(lambda: repeat(behaviour))


def in_turn(*behaviours: Behaviour) -> Start:
    return front(lambda: cycle(behaviours))


def first(*behaviours: Behaviour, then: Behaviour) -> Start:
    return front(lambda: chain(behaviours, repeat(then)))


def closed_but(*, opened: Behaviour, method: str = "", path: str = "", header: str = "") -> Start:
    """Open what has this method, path and header beside the health path; empty: any."""

    def closed(request: Request) -> Behaviour:
        fits = method in ("", request.method) and path in ("", request.path) and header in ("", *request.headers)
        return opened if fits else FORBIDDEN

    return front(lambda: repeat(healthy()), closed=closed)


def body(content: bytes, content_type: str = "application/json") -> Behaviour:
    return respond(200, content, content_type=content_type, headers={"X-Yawl-Task": "task-one"})


def standby(task: str = "task-two", **changes: Any) -> Behaviour:
    return healthy(task=task, role="standby", **changes)


def in_term(epoch: object, task: str = "task-one", *, age: object = 0.4, role: str = "active") -> Behaviour:
    return healthy(task=task, role=role, leader={"age_seconds": age, "epoch": epoch})


CONTENT = json.dumps(CONTRACT).encode()
GUESS = "x-origin-verify"


def _states() -> dict[str, tuple[Start, str]]:
    """Return states of a task that are not ok."""
    of_standby = {
        f"a standby says ok, and its engine is {state}": (
            always(standby(engine=state)),
            f"standby task's engine is {state}",
        )
        for state in ("failed", "unreachable", "starting", "stopping", "stopped")
    }
    of_active = {
        f"an active task says ok, and its engine is {state}": (
            always(healthy(engine=state)),
            f"active task's engine is {state}",
        )
        for state in ("unreachable", "starting", "stopped")
    }
    return of_standby | of_active


def _contents() -> dict[str, tuple[Start, str]]:
    """Return contents of the health response that break the contract."""
    return {
        "the answer is ok with a reason": (always(healthy(reason="no task leads")), "a reason why it is not"),
        "the answer is ok with a list of reasons": (always(healthy(reason=["disk"])), "a reason why it is not"),
        "the status is written in capitals": (always(healthy(status="OK")), "the status is not ok"),
        "the status is true": (always(healthy(status=True)), "the status is not ok"),
        "the role is a list": (always(healthy(role=["active"])), "the role is neither"),
        "the role is written in capitals": (always(healthy(role="Active")), "the role is neither"),
        "the leader is a name": (always(healthy(leader="task-one")), "lacks leader.age_seconds"),
        "the answer does not tell the epoch": (always(healthy(leader={"age_seconds": 1})), "or leader.epoch"),
        "the leader has been silent for an hour": (always(in_term(7, age=3600.0)), "silent for more than 60 s"),
        "the leader's age is infinite": (always(in_term(7, age=float("inf"))), "silent for more than 60 s"),
        "the leader's age is no number": (always(in_term(7, age=float("nan"))), "not a number from 0"),
        "the leader's age is below 0": (always(in_term(7, age=-0.1)), "not a number from 0"),
        "the leader's age is a string": (always(in_term(7, age="0.4")), "not a number from 0"),
        "a standby is ok and knows no leader": (
            always(standby(leader={"age_seconds": None, "epoch": None})),
            "age_sec",
        ),
        "the leader's age is true": (always(in_term(7, age=True)), "not a number from 0"),
        "the epoch is unknown": (always(in_term(None)), "epoch is not a whole number from 1"),
        "the epoch is 0": (always(in_term(0)), "epoch is not a whole number from 1"),
        "the epoch is a string": (always(in_term("7")), "epoch is not a whole number from 1"),
        "the epoch is a fraction": (always(in_term(7.5)), "epoch is not a whole number from 1"),
        "the epoch is true": (always(in_term(True)), "epoch is not a whole number from 1"),
        "the version is a number": (always(healthy(version=6.1)), "the version is not a string"),
        "the version is a list": (always(healthy(version=[6, 1])), "the version is not a string"),
        "the version is true": (always(healthy(version=True)), "the version is not a string"),
        "the version is an object": (always(healthy(version={"yawl": "6.1"})), "the version is not a string"),
        "every task has another version than the released one": (
            always(healthy(version="0.9.0")),
            f"the version is '0.9.0', not the released '{RELEASED}'",
        ),
        "two versions answer in turn": (in_turn(healthy(), healthy(version="0.9.0")), "only 1 of 5 times in a row"),
        "no task names itself": (always(healthy(task="")), "does not name its task"),
        "the task's name is blank": (always(healthy(task="   ")), "does not name its task"),
    }


def _bodies() -> dict[str, tuple[Start, str]]:
    """Return health responses of another form, and health paths that do not last."""
    return {
        "the content type is HTML": (always(body(CONTENT, "text/html")), "content type is not application/json"),
        "the content type is plain text": (always(body(CONTENT, "text/plain")), "content type is not application/json"),
        "the content type is another kind of JSON": (
            always(body(CONTENT, "application/problem+json")),
            "content type is not application/json",
        ),
        "the answer has no content type": (
            always(raw(b"HTTP/1.1 200 OK\r\nX-Yawl-Task: task-one\r\nConnection: close\r\n\r\n" + CONTENT)),
            "content type is not application/json",
        ),
        "the answer is null": (always(body(b"null")), "the body is not a JSON object"),
        "the answer is a list of answers": (always(body(b"[" + CONTENT + b"]")), "the body is not a JSON object"),
        "two answers come in one body": (always(body(CONTENT * 2)), "the body is not JSON"),
        "the answer is a call of a function": (always(body(b"callback(" + CONTENT + b")")), "the body is not JSON"),
        "the answer is cut off, with the length of what is left": (always(body(CONTENT[:-9])), "the body is not JSON"),
        "the answer is well, with status 503": (
            always(respond(503, CONTENT, content_type="application/json")),
            "x 503 Service Unavailable",
        ),
        "the answer is well, with status 202": (
            always(respond(202, CONTENT, content_type="application/json")),
            "x 202 Accepted",
        ),
        "the answer is 401": (always(respond(401)), "x 401 Unauthorized"),
        "the answer is 429": (always(respond(429)), "x 429 Too Many Requests"),
        "the answer leads to a login": (always(respond(302, location="/login")), "x 302 Found to /login"),
        "every second connection is reset": (in_turn(healthy(), reset()), "is flapping"),
        "the health path is gone at the last request of its check": (
            first(*[healthy()] * 4, then=reset()),
            "only 4 of 5 times in a row",
        ),
        "the health path loses its version after a while": (
            first(*[healthy()] * 3, then=healthy(version="0.9.0")),
            "only 3 of 5 times in a row",
        ),
    }


def _opened() -> dict[str, tuple[Start, str]]:
    """Return requests that reach the application and should not."""
    opened = respond(200, b"<response/>")
    unknown = f"/yawl/{UNGUESSABLE}"
    return {
        "POST is open where GET is closed": (closed_but(method="POST", opened=opened), "forwards POST / to"),
        "POST is open at the engine's API only": (
            closed_but(method="POST", path="/yawl/ib", opened=opened),
            "forwards POST /yawl/ib to",
        ),
        **{
            f"{method} of the health path is open": (
                closed_but(method=method, path=PATH, opened=respond(200)),
                f"forwards {method} {PATH} to",
            )
            for method in ("POST", "HEAD", "PUT", "PATCH", "DELETE")
        },
        "OPTIONS of the health path is answered for browsers": (
            closed_but(method="OPTIONS", path=PATH, opened=respond(204)),
            f"forwards OPTIONS {PATH} to",
        ),
        **{
            f"{method} is open at unknown paths": (
                closed_but(method=method, path=unknown, opened=opened),
                f"forwards {method} {unknown} to",
            )
            for method in ("PUT", "DELETE", "OPTIONS", "HEAD")
        },
        **{
            f"a path that nobody knows is open below {place}": (
                closed_but(path=f"{prefix}/{UNGUESSABLE}", opened=opened),
                f"forwards GET {prefix}/{UNGUESSABLE} to",
            )
            for place, prefix in (("the engine's", "/yawl"), ("the health path", PATH.rstrip("/")), ("the root", ""))
        },
    }


def _refused() -> dict[str, tuple[Start, str]]:
    """Return refusals that come from the application, or are none."""
    engine = b"<response><failure><reason>Invalid session</reason></failure></response>"
    opened, unknown = respond(200, b"<response/>"), f"/yawl/{UNGUESSABLE}"
    return {
        "the engine itself answers with 403": (closed_but(opened=respond(403, engine)), "403 Forbidden from the app"),
        "the engine answers with 403 and a declaration": (
            closed_but(opened=respond(403, b'<?xml version="1.0"?>' + engine)),
            "403 Forbidden from the application",
        ),
        "the supervisor answers with 403": (
            closed_but(opened=respond(403, b' {"reason": "nothing is here"}')),
            "403 Forbidden from the application",
        ),
        "a task answers with 403 and its name": (
            closed_but(path="/", opened=respond(403, b"Forbidden", headers={"X-Yawl-Task": "task-one"})),
            "403 Forbidden from the application for GET /",
        ),
        "only POST reaches the engine, which answers with 403": (
            closed_but(method="POST", opened=respond(403, engine)),
            "403 Forbidden from the application for POST /",
        ),
        "other paths ask for a password": (closed_but(opened=respond(401)), "401 Unauthorized for GET /"),
        "an unknown path is answered with 404": (
            closed_but(path=unknown, opened=respond(404)),
            "404 Not Found for GET",
        ),
        "POST is answered with 405": (
            closed_but(method="POST", opened=respond(405)),
            "405 Method Not Allowed for POST",
        ),
        "the engine's API answers with 503": (
            closed_but(path="/yawl/ia", opened=respond(503)),
            "503 Service Unavailable",
        ),
        "other paths answer with 200 and nothing": (closed_but(opened=respond(200)), "200 OK for GET /"),
        "POST is never answered": (closed_but(method="POST", opened=reset()), "did not respond to POST /"),
        "any value of the secret header lets POST pass": (
            closed_but(method="POST", header=GUESS, opened=opened),
            "with a guessed secret origin header",
        ),
    }


def _sample() -> dict[str, tuple[Start, str]]:
    """Return answers of which each is well, or nearly all, and that cannot all be true."""
    few = [healthy()] * 50
    return {
        "none of a hundred answers comes from an active task": (always(standby()), "None of 100 healthy responses"),
        "two tasks are active in epochs that alternate": (
            in_turn(in_term(7), in_term(8, "task-two")),
            "epoch 7 came back after epoch 8",
        ),
        "an earlier leader comes back once": (
            first(*[in_term(7)] * 40, *[in_term(8, "task-two")] * 20, in_term(7), then=in_term(8, "task-two")),
            "epoch 7 came back after epoch 8",
        ),
        "two tasks are active in the same epoch, among standbys": (
            in_turn(in_term(7), standby(task="task-three"), in_term(7, "task-two")),
            "Two tasks report that they are active: task-one, task-two",
        ),
        "a task of another version is left": (
            first(*few, healthy(version="0.9.0"), then=healthy()),
            f"1 of 100 healthy responses are not of the released version {RELEASED}",
        ),
        "a tenth of the answers is of another version": (
            in_turn(*[healthy()] * 9, standby(version="1.0.1")),
            f"10 of 100 healthy responses are not of the released version {RELEASED}",
        ),
        "the environment is gone at the last request": (
            first(*[healthy()] * 99, then=reset()),
            "One of the last requests failed, and ",
        ),
        "two in a hundred answers have no task's name": (
            first(*few, *[healthy(task="")] * 2, then=healthy()),
            "requests failed; the limit is 1 %",
        ),
        "two in a hundred answers have a failed engine": (
            first(*few, *[standby(engine="failed")] * 2, then=healthy()),
            "requests failed; the limit is 1 %",
        ),
        "two in a hundred answers are HTML": (
            first(*few, *[body(CONTENT, "text/html")] * 2, then=healthy()),
            "requests failed; the limit is 1 %",
        ),
        "the environment is gone in the middle": (first(*few, then=reset()), "requests failed; the limit is 1 %"),
    }


def bad() -> dict[str, Bad]:
    """Return the behaviors that a test must detect, by name."""
    by = {HEALTH: _states() | _contents() | _bodies(), FORBIDDING: _opened() | _refused(), SAMPLE: _sample()}
    table = {
        name: Bad(start=start, by=test, message=message)
        for test, rows in by.items()
        for name, (start, message) in rows.items()
    }
    return table | {
        "two versions answer in turn, and the released one is unknown": Bad(
            start=in_turn(healthy(), standby(version="0.9.0")),
            by=SAMPLE,
            message=f"Tasks of 2 versions respond: 0.9.0, {RELEASED}",
            released=None,
        )
    }


def _raw(*head: str, content: bytes = CONTENT) -> Behaviour:
    return raw("\r\n".join([*head, "", ""]).encode() + content)


def _forms() -> dict[str, Start]:
    """Return forms of a healthy answer."""
    plain = ("Content-Type: application/json", "X-Yawl-Task: task-one")
    half = len(CONTENT) // 2
    parts = (CONTENT[:half], CONTENT[half:])
    chunks = b"".join(b"%x;part=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Sum: 1\r\n\r\n"
    return {
        "answers of HTTP/1.0": always(_raw("HTTP/1.0 200 OK", *plain)),
        "answers that end with their connection": always(_raw("HTTP/1.1 200 OK", *plain, "Connection: close")),
        "answers in chunks, with extensions and a trailer": always(
            _raw("HTTP/1.1 200 OK", *plain, "Transfer-Encoding: chunked", content=chunks)
        ),
        "names of headers in other cases": always(
            _raw("HTTP/1.1 200 OK", "CONTENT-TYPE: application/json", "x-yawl-TASK: task-one", "Connection: close")
        ),
        "status lines with other words": always(_raw("HTTP/1.1 200 Fine", *plain, "Connection: close")),
        "status lines without words": always(_raw("HTTP/1.1 200 ", *plain, "Connection: close")),
        "early hints before the answer": always(
            _raw("HTTP/1.1 103 Early Hints", "", "HTTP/1.1 200 OK", *plain, "Connection: close")
        ),
        "a content type with a charset": always(body(CONTENT, "application/json; charset=utf-8")),
        "a content type in capitals": always(body(CONTENT, "Application/JSON")),
        "JSON with blanks and line ends": always(body(json.dumps(CONTRACT, indent=4).encode() + b"\r\n")),
        "JSON with escaped letters": always(body(CONTENT.replace(b"ok", rb"\u006fk"))),
        "further fields of JSON": always(healthy(tasks=[{"name": "x"}], started="2026-11-30", note=None)),
        "an empty list of standbys": always(healthy(standbys=[])),
        "an empty reason": always(healthy(reason="")),
        "further fields of the leader": always(
            healthy(leader={"age_seconds": 0.4, "epoch": 7, "task": "task-one", "address": "10.0.0.1"})
        ),
        "an age of 0, as a whole number": always(in_term(7, age=0)),
        "an age of almost a minute": always(in_term(7, age=59.9)),
        "a large epoch": always(in_term(2**53)),
        "further headers and a cookie": always(healthy(headers={"Set-Cookie": "a=b", "Via": "1.1 proxy", "Age": "0"})),
    }


def _times() -> dict[str, Start]:
    """Return what happens while tests run, and may."""
    old, new = standby(version="0.9.0"), healthy()
    unavailable = respond(503, b'{"status": "unavailable", "reason": "the engine is starting"}')
    return {
        "one task only": always(healthy()),
        "six tasks of which one is active": in_turn(*[standby(task=f"task-{n}") for n in range(2, 7)], healthy()),
        "a rolling deployment ends, with old and new versions until then": first(
            new, old, new, new, old, old, then=new
        ),
        "only old versions answer at first": first(*[old] * 6, then=new),
        "a failover ends before the tests, with 503 until then": first(*[unavailable] * 3, then=in_term(8)),
        "a rolling deployment begins with lost connections": first(reset(), old, reset(), new, old, then=new),
        "the leadership moves during the sample": first(*[in_term(7)] * 40, then=in_term(8, "task-two")),
        "the leadership moves during the sample, and a connection is lost": first(
            *[in_term(7)] * 40, reset(), then=in_term(8, "task-two")
        ),
        "the leadership moves twice, back to the same task": first(
            *[in_term(7)] * 30, *[in_term(8, "task-two")] * 30, then=in_term(9)
        ),
        "a slow answer of the earlier leader arrives after those of the next": first(
            *[in_term(7)] * 40, late(0.3, in_term(7)), then=in_term(8, "task-two")
        ),
        "a standby learns the next epoch late": first(
            *[in_term(7)] * 40,
            in_term(8, "task-two"),
            *[in_term(7, "task-one", role="standby")] * 5,
            then=in_term(8, "task-two"),
        ),
        "the last answer of the sample is lost, and the next ones are not": first(
            *[healthy()] * 104, reset(), then=healthy()
        ),
        "one in a hundred answers is 502": first(*[healthy()] * 60, respond(502), then=healthy()),
        "answers take their time": always(late(0.02, healthy())),
    }


def _closed() -> dict[str, Start]:
    """Return refusals of other load balancers and distributions."""
    page = b"<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body></body>\r\n</html>\r\n"

    def once_lost() -> Start:
        def start() -> Application:
            left = iter([reset(), reset()])
            return lambda request: (
                healthy() if (request.method, request.path) == ("GET", PATH) else next(left, FORBIDDEN)
            )

        return start

    return {
        "refusals with a page of HTML": closed_but(opened=respond(403, page)),
        "refusals without a body": closed_but(opened=respond(403)),
        "refusals in plain text": closed_but(opened=respond(403, b"Forbidden", content_type="text/plain")),
        "refusals that take their time": closed_but(opened=late(0.05, FORBIDDEN)),
        "two connections to closed paths are lost": once_lost(),
    }


def good() -> dict[str, Good]:
    """Return the behaviors that all tests must tolerate, by name."""
    table = {name: Good(start=start) for name, start in (_forms() | _times() | _closed()).items()}
    return table | {
        "the released version is unknown, and all have one": Good(start=in_turn(healthy(), standby()), released=None)
    }
