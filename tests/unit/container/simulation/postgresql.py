"""A database that knows only what the supervisor asks of PostgreSQL: a lock, the leader's row, logins and sessions.

It reads the supervisor's own SQL. What a statement does to the row is computed from its text, so a condition that is
missing there has its effect here. A statement that it does not know ends the test.
"""

import copy
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import psycopg

from tests.unit.container.simulation.scheduler import Scheduler

if TYPE_CHECKING:
    from tests.unit.container.simulation.machine import Machine

TERMINATION_SECONDS: Final = 0.05
"""How long a terminated session goes on: it may be committing."""
LAST_STATEMENT_SECONDS: Final = 1.5
"""How long a session outlives its client: its last statement may still commit."""


class Link:
    """A machine's network to the database. What is sent while it is cut arrives when it is mended, as with TCP."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.request_seconds = 0.001
        self.answer_seconds = 0.001
        self.cut_at: float | None = None
        self.loses_answers = False
        self._requests: list[Callable[[], None]] = []
        self._answers: list[Callable[[], None]] = []

    def request(self, call: Callable[[], None]) -> None:
        """Carry a request to the server."""
        self._scheduler.later(self.request_seconds, lambda: self._pass(call, self._requests, self._cut))

    def answer(self, call: Callable[[], None]) -> None:
        """Carry an answer to the machine."""
        self._scheduler.later(
            self.answer_seconds, lambda: self._pass(call, self._answers, self._cut or self.loses_answers)
        )

    def cut(self, *, answers_only: bool = False) -> None:
        """Carry nothing more, or requests only."""
        self.cut_at = self._scheduler.now if self.cut_at is None else self.cut_at
        self.loses_answers = answers_only

    def mend(self) -> None:
        """Carry everything again, first what was held back."""
        self.cut_at, self.loses_answers = None, False
        self.request_seconds = self.answer_seconds = 0.001
        held = [*self._requests, *self._answers]
        self._requests.clear()
        self._answers.clear()
        for call in held:
            call()

    @property
    def _cut(self) -> bool:
        return self.cut_at is not None and not self.loses_answers

    @staticmethod
    def _pass(call: Callable[[], None], held: list[Callable[[], None]], cut: bool) -> None:
        held.append(call) if cut else call()


@dataclass
class Role:
    """A role of the server."""

    login: bool
    member_of: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Session:
    """A session at the server; `machine` is where its client runs."""

    process: int
    user: str
    machine: "Machine"
    idle_limit: float | None
    application: str
    alive: bool = True
    listed: bool = True
    may_write: bool = True
    last_statement_at: float = 0.0
    locks: int = 0
    waits_for_disk: bool = True
    """Whether its commits survive a crash."""
    this_one_waits: bool = False
    """Whether those of the present transaction do, in any case."""
    undo: list[Callable[[], None]] | None = None
    on_end: Callable[[], None] = lambda: None

    def appear(self) -> None:
        """Be listed: its login has ended."""
        self.listed = True


@dataclass(frozen=True)
class Write:
    """A write of an engine."""

    at: float
    epoch: int


class Server:
    """The server; whatever it is asked, it does at once, and the answer takes its time."""

    def __init__(self, scheduler: Scheduler, fail: Callable[[str], None]) -> None:
        self._scheduler = scheduler
        self._fail = fail
        self._processes = itertools.count(1)
        self.row: dict[str, Any] | None = None
        self.roles: dict[str, Role] = {}
        self.sessions: list[Session] = []
        self.losses = 0
        self.up = True
        self.password_is_right = True
        self.clock_offset = 5_000.0
        self.on_unlock: Callable[[Session], None] = lambda _: None
        self.writes: list[Write] = []
        self._changed = False
        self._durable: tuple[dict[str, Any] | None, dict[str, Role]] = (None, {})

    @property
    def leader(self) -> Session | None:
        """The session that holds the lock."""
        return next((session for session in self.sessions if session.locks), None)

    def listed(self, *users: str) -> list[Session]:
        """Return the sessions of users that can be seen."""
        return [session for session in self.sessions if session.user in users and session.listed]

    def connect(self, machine: "Machine", *, user: str, application: str, idle_limit: float | None) -> Session:
        """Start a session. Raises OperationalError if the server is down or the login refused."""
        role = self.roles.get(user)
        if not self.up:
            raise psycopg.OperationalError("connection refused")
        if user == "yawl" and not self.password_is_right:
            raise psycopg.OperationalError('password authentication failed for user "yawl"')
        if user != "yawl" and (role is None or not role.login):
            raise psycopg.OperationalError(f'role "{user}" is not permitted to log in')
        session = Session(
            process=next(self._processes), user=user, machine=machine, idle_limit=idle_limit, application=application
        )
        session.last_statement_at = self._scheduler.now
        session.may_write = role is not None and bool(role.member_of)
        self.sessions.append(session)
        self._watch_idle(session)
        return session

    def end(self, session: Session, *, by_server: bool) -> None:
        """End a session: its transaction is undone, its lock free."""
        if session.alive:
            session.alive = False
            self.losses += by_server
            self._roll_back(session)
            self.sessions.remove(session)
            session.on_end()

    def restart(self, *, crash: bool = False) -> None:
        """End all sessions; a crash also takes back the commits that did not wait for the disk."""
        for session in list(self.sessions):
            self.end(session, by_server=True)
        if crash:
            self.row, self.roles = copy.deepcopy(self._durable)

    def execute(self, session: Session, text: str, parameters: Sequence[Any]) -> "Rows":
        """Execute a statement. Raises OperationalError on an ended session."""
        if not session.alive or not self.up:
            raise psycopg.OperationalError("terminating connection due to administrator command")
        session.last_statement_at = self._scheduler.now
        for pattern, method in _STATEMENTS:
            if found := pattern.fullmatch(text):
                rows = method(self, session, found, parameters) or Rows([])
                if session.undo is None:
                    if self._changed and (session.waits_for_disk or session.this_one_waits):
                        self._durable, self._changed = copy.deepcopy((self.row, self.roles)), False
                    session.this_one_waits = False
                return rows
        self._fail(f"the simulated database does not know: {text}")
        raise psycopg.ProgrammingError(text)

    def write(self, session: Session, *, epoch: int) -> None:
        """Write as an engine does."""
        if session.alive and session.may_write and self.up:
            if self.writes and self.writes[-1].epoch > epoch:
                self._fail(f"the engine of epoch {epoch} wrote after that of epoch {self.writes[-1].epoch}")
            self.writes.append(Write(self._scheduler.now, epoch))

    def _watch_idle(self, session: Session) -> None:
        if session.alive and session.idle_limit:
            left = session.last_statement_at + session.idle_limit - self._scheduler.now
            if left <= 0:
                self.end(session, by_server=True)
            else:
                self._scheduler.later(left, lambda: self._watch_idle(session))

    # What statements do.

    def _begin(self, session: Session, *_: object) -> None:
        session.undo = []

    def _commit(self, session: Session, *_: object) -> None:
        session.undo = None

    def _roll_back(self, session: Session, *_: object) -> None:
        for step in reversed(session.undo or []):
            step()
        session.undo = None

    def _try_lock(self, session: Session, *_: object) -> "Rows":
        if self.leader not in {None, session}:
            return Rows([(False,)])
        session.locks += 1
        return Rows([(True,)])

    def _unlock(self, session: Session, *_: object) -> "Rows":
        held, session.locks = session.locks, max(0, session.locks - 1)
        self.on_unlock(session)
        return Rows([(held > 0,)])

    def _insert_row(self, session: Session, *_: object) -> None:
        if self.row is None:
            leader = {"task": "", "address": "", "port": 0, "engine": "stopped", "heartbeat_at": self._clock()}
            self._set_row(session, {"epoch": 0, "released": True, **leader})

    def _update_row(self, session: Session, found: "re.Match[str]", parameters: Sequence[Any]) -> "Rows":
        before, values = self.row, iter(parameters)
        if before is None:
            return Rows([])
        if self.leader is not session:
            self._fail(f"{session.machine.name} writes the leader's row without the lock: {found[0]}")
        scope = {**before, "before": SimpleNamespace(**before), "clock_timestamp": self._clock}
        changes = {
            name: _evaluate(value, scope, values)
            for name, _, value in (part.partition(" = ") for part in found["changes"].split(", "))
        }
        if found["condition"] and not _evaluate(found["condition"], scope, values):
            return Rows([], count=0)
        if changes.get("epoch", before["epoch"]) < before["epoch"] or (
            "task" in changes and changes.get("epoch") != before["epoch"] + 1
        ):
            self._fail(f"the epoch after {before['epoch']} is {changes.get('epoch')}")
        self._set_row(session, {**before, **changes})
        scope["leader"] = SimpleNamespace(**(self.row or {}))
        returned = found["returned"]
        rows = [tuple(_evaluate(column, scope, values) for column in returned.split(", "))] if returned else []
        return Rows(rows, count=1)

    def _select_row(self, _: Session, found: "re.Match[str]", __: object) -> "Rows":
        if self.row is None:
            return Rows([])
        scope = {**self.row, "clock_timestamp": self._clock}
        if found["condition"] and not _evaluate(found["condition"], scope, iter(())):
            return Rows([])
        columns = re.sub(r"extract\(epoch FROM ([^)]*\(\)[^)]*)\)::float", r"(\1)", found["columns"]).split(", ")
        return Rows([tuple(_evaluate(column, scope, iter(())) for column in columns)])

    def _create_role(self, session: Session, found: "re.Match[str]", _: object) -> None:
        role = Role(login=found["login"] == "LOGIN", member_of={found["owner"]} if found["owner"] else set())
        self._set_role(session, found["name"], role)

    def _drop_role(self, session: Session, found: "re.Match[str]", _: object) -> None:
        self._set_role(session, found["name"], None)

    def _forbid_login(self, session: Session, found: "re.Match[str]", _: object) -> None:
        if found["name"] not in self.roles:
            raise psycopg.errors.UndefinedObject(found["name"])
        self._set_role(session, found["name"], Role(login=False, member_of=self.roles[found["name"]].member_of))

    def _revoke(self, session: Session, found: "re.Match[str]", _: object) -> None:
        role = self.roles[found["name"]]
        self._set_role(session, found["name"], Role(login=role.login, member_of=role.member_of - {found["owner"]}))

    def _role_exists(self, _: Session, __: object, parameters: Sequence[Any]) -> "Rows":
        return Rows([(1,)] if parameters[0] in self.roles else [])

    def _roles_like(self, _: Session, __: object, parameters: Sequence[Any]) -> "Rows":
        return Rows([(name,) for name in self.roles if name.startswith(parameters[0])])

    def _sessions_of(self, _: Session, __: object, parameters: Sequence[Any]) -> "Rows":
        return Rows([(session.process,) for session in self.listed(*parameters[0])])

    def _statistics(self, _: Session, __: object, parameters: Sequence[Any]) -> "Rows":
        return Rows([([session.process for session in self.listed(parameters[0])], self.losses)])

    def _terminate(self, _: Session, __: object, parameters: Sequence[Any]) -> None:
        for session in [session for session in self.sessions if session.process == parameters[0]]:
            self._scheduler.later(TERMINATION_SECONDS, partial(self.end, session, by_server=True))

    def _no_wait_for_disk(self, session: Session, *_: object) -> None:
        session.waits_for_disk = False

    def _wait_for_disk_once(self, session: Session, *_: object) -> None:
        session.this_one_waits = True

    def _nothing(self, *_: object) -> None:
        pass

    def _clock(self) -> float:
        return self._scheduler.now + self.clock_offset

    def _set_row(self, session: Session, row: dict[str, Any]) -> None:
        before = self.row
        if session.undo is not None:
            session.undo.append(lambda: setattr(self, "row", before))
        self.row, self._changed = row, True

    def _set_role(self, session: Session, name: str, role: Role | None) -> None:
        before = self.roles.get(name)

        def put(role: Role | None) -> None:
            if role is None:
                self.roles.pop(name, None)
            else:
                self.roles[name] = role

        if session.undo is not None:
            session.undo.append(lambda: put(before))
        put(role)
        self._changed = True


_STATEMENTS: Final[list[tuple["re.Pattern[str]", Callable[..., "Rows | None"]]]] = [
    (re.compile(pattern), method)
    for pattern, method in [
        ("BEGIN", Server._begin),
        ("COMMIT", Server._commit),
        ("ROLLBACK", Server._roll_back),
        (r"SELECT pg_try_advisory_lock\(%s, %s\)", Server._try_lock),
        (r"SELECT pg_advisory_unlock\(%s, %s\)", Server._unlock),
        (r"INSERT INTO yawl_delivery\.leader .* ON CONFLICT DO NOTHING", Server._insert_row),
        (
            r"UPDATE yawl_delivery\.leader(?: AS leader)? SET (?P<changes>.+?)"
            r"(?: FROM \(SELECT epoch, released FROM yawl_delivery\.leader FOR UPDATE\) AS before)?"
            r"(?: WHERE (?P<condition>.+?))?(?: RETURNING (?P<returned>.+))?",
            Server._update_row,
        ),
        (r"SELECT (?P<columns>.+) FROM yawl_delivery\.leader(?: WHERE (?P<condition>.+))?", Server._select_row),
        (
            r'CREATE ROLE "(?P<name>\w+)" (?P<login>LOGIN|NOLOGIN)(?: NOINHERIT PASSWORD .* IN ROLE "(?P<owner>\w+)")?',
            Server._create_role,
        ),
        (r'DROP ROLE IF EXISTS "(?P<name>\w+)"', Server._drop_role),
        (r'ALTER ROLE "(?P<name>\w+)" NOLOGIN', Server._forbid_login),
        (r'REVOKE "(?P<owner>\w+)" FROM "(?P<name>\w+)"', Server._revoke),
        (r"SELECT 1 FROM pg_roles WHERE rolname = %s", Server._role_exists),
        (r"SELECT rolname FROM pg_roles WHERE starts_with\(rolname, %s\)", Server._roles_like),
        (r"SELECT pid FROM pg_stat_activity WHERE usename = ANY \(%s\)", Server._sessions_of),
        (r"SELECT coalesce\(\(SELECT array_agg\(pid\).*pg_stat_database.*", Server._statistics),
        (r"SELECT pg_terminate_backend\(%s\)", Server._terminate),
        (r"SET synchronous_commit = off", Server._no_wait_for_disk),
        (r"SET LOCAL synchronous_commit = on", Server._wait_for_disk_once),
        (
            r"SELECT pg_advisory_xact_lock.*|CREATE (SCHEMA|TABLE) IF NOT EXISTS .*"
            r"|GRANT .*|ALTER ROLE .* IN DATABASE .*|SELECT c\.relname, .*",
            Server._nothing,
        ),
    ]
]


@dataclass
class Rows:
    """What a statement returns."""

    rows: list[tuple[Any, ...]]
    count: int = -1
    proves_lock: bool = False
    """Whether the session held the lock when it was computed."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self.count

    async def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row."""
        return self.rows[0] if self.rows else None

    async def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self.rows


def _evaluate(text: str, scope: dict[str, Any], values: Any) -> Any:
    """Compute an SQL expression of the row's columns: comparisons, `AND`, `NOT`, sums, parameters."""
    words = {"NOT": "not", "AND": "and", "OR": "or", "true": "True", "false": "False", "=": "=="}
    python = re.sub(r"%s", lambda _: repr(next(values)), text)
    python = " ".join(words.get(word, word) for word in python.split())
    return eval(python, {"__builtins__": {}}, scope)  # noqa: S307 - the supervisor's own statements
