"""An in-memory engine: sessions, specifications, cases and the first work item of each case."""

import base64
import hashlib
import hmac
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

NAMESPACE = {"y": "http://www.yawlfoundation.org/yawlschema"}
LONGEST_TEXT = 1024 * 1024
"""Characters of a specification; a real one has a few thousand."""


class EngineError(Exception):
    """The engine rejects a call; the text is its reason."""


@dataclass(frozen=True)
class SpecificationId:
    """The identity of a specification."""

    identifier: str
    version: str
    uri: str


@dataclass(frozen=True)
class Case:
    """A running case and its current work item."""

    number: str
    specification: SpecificationId
    task: str


class Engine:
    """The one engine of a service, which answers for all its tasks."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password
        self._sessions: set[str] = set()
        self._specifications: dict[SpecificationId, str] = {}
        self._cases: dict[str, Case] = {}
        self._started = 0
        self._lock = threading.Lock()

    def connect(self, user: str, encoded_password: str) -> str:
        """Return a new session's handle. A password comes as YAWL's clients send it, hashed."""
        if not self._user or user != self._user:
            raise EngineError(f"Unknown service or client: {user}")
        digest = hashlib.sha1(self._password.encode(), usedforsecurity=False).digest()
        if not hmac.compare_digest(base64.b64encode(digest), encoded_password.encode()):
            raise EngineError("Incorrect Password")
        handle = str(uuid.uuid4())
        with self._lock:
            self._sessions.add(handle)
        return handle

    def disconnect(self, handle: str) -> None:
        """End a session, if there is one."""
        with self._lock:
            self._sessions.discard(handle)

    def check(self, handle: str) -> None:
        """Raise EngineError if there is no such session."""
        if handle not in self._sessions:
            raise EngineError("Invalid or expired session.")

    def upload(self, text: str) -> SpecificationId:
        """Load a specification; its cases will wait at the first task of its root net."""
        specification, task = _read(text)
        with self._lock:
            if specification in self._specifications:
                uid = f"[UID: {specification.identifier}- Version: {specification.version}]"
                raise EngineError(
                    f"There is a specification with an identical id to {uid} already loaded into the engine."
                )
            self._specifications[specification] = task
        return specification

    def unload(self, specification: SpecificationId) -> None:
        """Unload a specification without running cases."""
        with self._lock:
            if specification not in self._specifications:
                raise EngineError(f"No specification found with ID = {specification.identifier}")
            if any(case.specification == specification for case in self._cases.values()):
                raise EngineError(f"Cannot unload {specification.identifier}: it has running cases.")
            del self._specifications[specification]

    def launch(self, specification: SpecificationId) -> str:
        """Start a case and return its number."""
        with self._lock:
            if specification not in self._specifications:
                raise EngineError(f"No specification found with ID = {specification.identifier}")
            self._started += 1
            case = Case(str(self._started), specification, self._specifications[specification])
            self._cases[case.number] = case
        return case.number

    def cancel(self, number: str) -> None:
        """End a case and its work item."""
        with self._lock:
            if self._cases.pop(number, None) is None:
                raise EngineError(f"Case [{number}] not found.")

    def specifications(self) -> Iterator[SpecificationId]:
        """Return the loaded specifications."""
        with self._lock:
            return iter(list(self._specifications))

    def cases(self) -> Iterator[Case]:
        """Return the running cases."""
        with self._lock:
            return iter(list(self._cases.values()))


def _read(text: str) -> tuple[SpecificationId, str]:
    """Return a specification's id and its first task; raises EngineError when that is not in it."""
    if len(text) > LONGEST_TEXT or "<!DOCTYPE" in text:
        raise EngineError("Upload failed: invalid specification.")
    try:
        specification = ElementTree.fromstring(text).find("y:specification", NAMESPACE)  # noqa: S314 - has no DTD
    except ElementTree.ParseError as error:
        raise EngineError(f"Invalid specification: {error}") from None
    if specification is None:
        raise EngineError("Upload failed: invalid specification.")
    identifier = specification.findtext("y:metaData/y:identifier", "", NAMESPACE)
    version = specification.findtext("y:metaData/y:version", "", NAMESPACE)
    net = "y:decomposition[@isRootNet='true']/y:processControlElements/y:inputCondition/y:flowsInto/y:nextElementRef"
    first = specification.find(net, NAMESPACE)
    if not identifier or not version or first is None:
        raise EngineError("Upload failed: invalid specification.")
    return SpecificationId(identifier, version, specification.get("uri", "")), first.get("id", "")
