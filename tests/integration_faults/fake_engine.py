"""A fake engine with YAWL's API behind any number of tasks; single actions can fail."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, cycle
from xml.etree import ElementTree as ET

from integration_tests.engine import Credentials
from tests.faulty_http_server import Behaviour, Request, healthy, respond

CREDENTIALS = Credentials(username="tester", password="a password of the fake's")
ORIGIN = {"X-Origin-Verify": "the origin's secret of the fake"}
DONE = "<success/>"
EXPIRED = "<failure><reason>Invalid or expired session.</reason></failure>"


@dataclass
class State:
    """The state of one engine."""

    sessions: set[str] = field(default_factory=set)
    specifications: dict[str, str] = field(default_factory=dict)
    """Versions by identifier."""
    cases: dict[str, str] = field(default_factory=dict)
    """Identifiers by case."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


def says(content: str, *, task: str | None = "task-one") -> Behaviour:
    """Respond as the engine does: always with status 200."""
    body = f"<response>{content}</response>".encode()
    headers = {"X-Yawl-Task": task} if task else {}
    return respond(200, body, content_type="text/xml; charset=UTF-8", headers=headers)


class FakeEngine:
    """Tasks that take turns, in front of one engine; `engines=2` simulates the fault that two engines are active."""

    def __init__(
        self,
        *,
        tasks: int = 2,
        engines: int = 1,
        faulty: Mapping[str, Behaviour] | None = None,
        refusing: Mapping[str, str] | None = None,
        named: bool = True,
    ) -> None:
        self.states = [State() for _ in range(engines)]
        self.tasks = [f"task-{number + 1}" for number in range(tasks)]
        self.faulty = dict(faulty or {})
        """Responses by action; the action is still carried out, as when a response is lost."""
        self.refusing = dict(refusing or {})
        """Failure reasons by action; the action is not carried out."""
        self._named = named
        self._turn = cycle(range(tasks))

    def __call__(self, request: Request) -> Behaviour:
        turn = next(self._turn)
        task = self.tasks[turn]
        if request.method == "GET" and request.path == "/resourceService/":
            return healthy(task=task)
        if request.headers.get("x-origin-verify") != ORIGIN["X-Origin-Verify"]:
            return respond(403)
        action = request.form.get("action", "")
        if action in self.refusing:
            return says(f"<failure><reason>{self.refusing.pop(action)}</reason></failure>", task=task)
        content = self._do(self.states[turn % len(self.states)], action, request.form)
        if action in self.faulty:
            return self.faulty[action]
        return says(content, task=task if self._named else None)

    def is_clean(self) -> bool:
        """Whether no specification or case is left."""
        return not any(state.sessions or state.specifications or state.cases for state in self.states)

    def _do(self, state: State, action: str, form: Mapping[str, str]) -> str:
        if action == "connect":
            return self._connect(state, form)
        if action == "disconnect":
            state.sessions.discard(form["sessionHandle"])
            return DONE
        if form.get("sessionHandle") not in state.sessions:
            return EXPIRED
        return _ACTIONS[action](state, form)

    def _connect(self, state: State, form: Mapping[str, str]) -> str:
        if form.get("userID") != CREDENTIALS.username:
            return f"<failure>Unknown service or client: {form.get('userID')}</failure>"
        if form.get("password") != CREDENTIALS.encoded_password:
            return "<failure>Incorrect Password</failure>"
        handle = str(uuid.uuid4())
        state.sessions.add(handle)
        return handle


def _upload(state: State, form: Mapping[str, str]) -> str:
    meta = ET.fromstring(form["specXML"]).find(".//{*}metaData")  # noqa: S314  # the tests' own
    assert meta is not None
    identifier = meta.findtext("{*}identifier", "")
    state.specifications[identifier] = meta.findtext("{*}version", "")
    return f"<upload><specifications><specificationid><identifier>{identifier}</identifier></specificationid>\
</specifications><verificationMessages/></upload>"


def _launch(state: State, form: Mapping[str, str]) -> str:
    if form["specidentifier"] not in state.specifications:
        return "<failure><reason>No specification found</reason></failure>"
    case = str(next(state.numbers))
    state.cases[case] = form["specidentifier"]
    return case


def _items(state: State, form: Mapping[str, str]) -> str:
    return "<workItem><taskid>Check</taskid></workItem>" if form["id"] in state.cases else ""


def _cancel(state: State, form: Mapping[str, str]) -> str:
    gone = state.cases.pop(form["caseID"], "")
    return DONE if gone else f"<failure><reason>Case [{form['caseID']}] not found.</reason></failure>"


def _unload(state: State, form: Mapping[str, str]) -> str:
    runs = form["specidentifier"] in state.cases.values()
    gone = "" if runs else state.specifications.pop(form["specidentifier"], "")
    return DONE if gone else "<failure><reason>It cannot be unloaded</reason></failure>"


def _loaded(state: State, _: Mapping[str, str]) -> str:
    return "".join(
        f"<specificationData><uri>u</uri><specversion>{version}</specversion>"
        f"<specidentifier>{identifier}</specidentifier></specificationData>"
        for identifier, version in state.specifications.items()
    )


def _running(state: State, _: Mapping[str, str]) -> str:
    cases = "".join(
        f'<specificationID identifier="{identifier}"><caseID>{case}</caseID></specificationID>'
        for case, identifier in state.cases.items()
    )
    return f"<AllRunningCases>{cases}</AllRunningCases>"


_ACTIONS: dict[str, Callable[[State, Mapping[str, str]], str]] = {
    "checkConnection": lambda _, __: DONE,
    "upload": _upload,
    "launchCase": _launch,
    "getWorkItemsWithIdentifier": _items,
    "cancelCase": _cancel,
    "unload": _unload,
    "getSpecificationPrototypesList": _loaded,
    "getAllRunningCases": _running,
}
