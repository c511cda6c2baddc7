"""A client of YAWL's API, interfaces A and B: it takes forms, returns XML, and reports failures with status 200."""

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
"""Maximum bytes of a response that lists all cases or specifications of an engine in use."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """An account that may load specifications and start cases."""

    username: str
    password: str = field(repr=False)

    @property
    def encoded_password(self) -> str:
        """The password hashed as YAWL's own clients send it and its database stores it."""
        return base64.b64encode(hashlib.sha1(self.password.encode()).digest()).decode()  # noqa: S324  # YAWL's choice


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A parsed response of the engine."""

    response: Response
    fault: str | None
    """What is wrong, in equal words for equal faults; None if the call succeeded."""
    refused: bool
    """Whether the engine itself reported a failure."""
    content: ET.Element
    """The `response` element; empty if there is a fault."""

    @property
    def text(self) -> str:
        """The text of a response that has no elements, such as a session handle."""
        return (self.content.text or "").strip()

    def probe_result(self) -> ProbeResult:
        """Return this as the result of a probe."""
        return ProbeResult(fault=self.fault, text=str(self.response), details=self.response.details)


class Engine:
    """The engine behind the load balancer. Each call opens a new connection, so it may reach any task."""

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
        """Post a form, `times` in parallel. Network and HTTP errors become faults."""
        responses = self.client.post(
            interface, {"action": action, **parameters}, seconds=seconds, times=times, body_limit=LIST_LIMIT
        )
        return [read(response, self.client) for response in responses]

    def connect(self, credentials: Credentials, *, seconds: float) -> Reply:
        """Open a session; the reply's text is its handle, which is a secret."""
        encoded = credentials.encoded_password
        self.client.secret_values.add(encoded)
        [reply] = self.ask(DESIGN, "connect", {"userID": credentials.username, "password": encoded}, seconds=seconds)
        self.client.secret_values.add(reply.text)
        return reply


def read(response: Response, client: HttpClient) -> Reply:
    """Parse a response; failures also arrive with status 200."""
    content, fault, refused = ET.Element("response"), response.problem, False
    if not fault and response.status != 200:
        fault = response.status_line
    if not fault:
        text = response.body.decode("utf-8", "replace")
        refused = "<failure" in text
        if refused:
            # YAWL does not always escape what it quotes, so a failure may not be well-formed.
            fault = f"the engine reports: {client.secret_values.hide(_words(text))}"
        else:
            found = _parse(text)
            content = content if found is None else found
            fault = "the body is not the engine's XML" if found is None else None
    return Reply(response=response, fault=fault, refused=refused, content=content)


def _parse(text: str) -> ET.Element | None:
    # The engine sends no document type; entity expansion attacks need one.
    if "<!DOCTYPE" in text:
        return None
    try:
        found = ET.fromstring(text)  # noqa: S314  # see above
    except (ET.ParseError, ValueError):
        return None
    return found if found.tag == "response" else None


def _words(xml: str, most: int = 200) -> str:
    """Return the text of XML that may not be well-formed."""
    return " ".join(re.sub(r"<[^<>]*>", " ", xml).split())[:most] or "failure without a reason"


def case_ids(running: ET.Element, identifiers: Sequence[str]) -> list[str]:
    """Return the running cases of the specifications with these identifiers."""
    return [
        (case.text or "").strip()
        for specification in running.iter("specificationID")
        if specification.get("identifier") in identifiers
        for case in specification.iter("caseID")
    ]
