"""YAWL's own API, Interfaces A and B: forms are posted, answers are XML, and failures arrive with status 200."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from integration_tests.http_call import Response
from integration_tests.http_client import REQUEST_SECONDS, HttpClient
from integration_tests.waiting import ProbeResult

DESIGN = "/yawl/ia"
"""Interface A: sessions, specifications."""
WORK = "/yawl/ib"
"""Interface B: cases, work items."""
LIST_LIMIT = 4 * 1024 * 1024
"""Bytes of an answer that lists all cases or specifications of an engine in use."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Who may design and start processes."""

    username: str
    password: str = field(repr=False)

    @property
    def encoded_password(self) -> str:
        """The password as YAWL's own clients send it, and as its table of clients holds it."""
        return base64.b64encode(hashlib.sha1(self.password.encode()).digest()).decode()  # noqa: S324  # YAWL's choice


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer of the engine, read."""

    answer: Response
    fault: str | None
    """Why it is no success, in words that are equal for equal faults; None: it is one."""
    refused: bool
    """Whether it is the engine itself that said no."""
    content: ET.Element
    """The `response` element; an empty one when there is a fault."""

    @property
    def text(self) -> str:
        """What the answer says when it is no more than a word."""
        return (self.content.text or "").strip()

    def probe_result(self) -> ProbeResult:
        """Return this as a look at the engine."""
        return ProbeResult(fault=self.fault, text=str(self.answer), details=self.answer.details)


class Engine:
    """The engine behind a front client. Every call is a connection of its own, so that it may reach any task."""

    def __init__(self, client: HttpClient) -> None:
        self.client = client

    def ask(
        self,
        interface: str,
        action: str,
        parameters: Mapping[str, str],
        *,
        seconds: float = REQUEST_SECONDS,
        times: int = 1,
    ) -> list[Reply]:
        """Post a form, several times at once if told so; bounded, and never raises what the other side caused."""
        answers = self.client.post(
            interface, {"action": action, **parameters}, seconds=seconds, times=times, body_limit=LIST_LIMIT
        )
        return [read(answer, self.client) for answer in answers]

    def connect(self, credentials: Credentials, *, seconds: float) -> Reply:
        """Open a session; its handle is the reply's text, and a secret."""
        encoded = credentials.encoded_password
        self.client.secret_values.add(encoded)
        [reply] = self.ask(DESIGN, "connect", {"userID": credentials.username, "password": encoded}, seconds=seconds)
        self.client.secret_values.add(reply.text)
        return reply


def read(answer: Response, client: HttpClient) -> Reply:
    """Tell a success from everything else that may arrive with status 200."""
    content, fault, refused = ET.Element("response"), answer.problem, False
    if not fault and answer.status != 200:
        fault = answer.status_line
    if not fault:
        text = answer.body.decode("utf-8", "replace")
        refused = "<failure" in text
        if refused:
            # YAWL does not always escape what it quotes, so a failure need not be well-formed.
            fault = f"the engine answers: {client.secret_values.hide(_words(text))}"
        else:
            found = _parse(text)
            content = content if found is None else found
            fault = "the body is not the engine's XML" if found is None else None
    return Reply(answer=answer, fault=fault, refused=refused, content=content)


def _parse(text: str) -> ET.Element | None:
    # Nothing the engine answers has a document type; entities that grow without end are declared in one.
    if "<!DOCTYPE" in text:
        return None
    try:
        found = ET.fromstring(text)  # noqa: S314  # see above
    except (ET.ParseError, ValueError):
        return None
    return found if found.tag == "response" else None


def _words(xml: str, most: int = 200) -> str:
    """Return the text of XML that may not be well-formed."""
    return " ".join(re.sub(r"<[^<>]*>", " ", xml).split())[:most] or "failure, without a reason"


def case_ids(running: ET.Element, identifiers: Sequence[str]) -> list[str]:
    """Return the running cases of the specifications with these identifiers."""
    return [
        (case.text or "").strip()
        for specification in running.iter("specificationID")
        if specification.get("identifier") in identifiers
        for case in specification.iter("caseID")
    ]
