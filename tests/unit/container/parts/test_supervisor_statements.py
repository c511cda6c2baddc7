"""What the supervisor asks of PostgreSQL, and what it makes of each answer."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import psycopg
import pytest

from supervisor import database, engine_accounts, engine_sessions, fencing, leader_table, reader_role, timings
from supervisor.database import PasswordRefusedError
from supervisor.engine_accounts import MARK, WELL_KNOWN, encoded
from supervisor.engine_sessions import Sessions
from supervisor.leader_table import LeaderRow
from supervisor.variables import DatabaseVariables
from tests.unit.container.parts.recorded_statements import RecordedConnection
from tests.unit.container.simulation.postgresql import Rows
from tests.unit.container.supervisor_task import variables

LOCK = (0x5941574C, 1)


def connection(answers: dict[str, Any] | None = None) -> Any:
    return RecordedConnection(answers)


@pytest.fixture
def where(task_folder: Path) -> DatabaseVariables:
    return variables(task_folder).database


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("yawl"), "propagate", True)
    caplog.set_level(logging.DEBUG, logger="yawl")
    return caplog


class TestConnection:
    def test_peer_that_is_lost_is_noticed_on_both_sides(
        self, where: DatabaseVariables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: dict[str, Any] = {}

        async def connect(**options: Any) -> str:
            given.update(options)
            return "connection"

        monkeypatch.setattr("psycopg.AsyncConnection.connect", connect)
        assert asyncio.run(database.connect(where, application_name="me")) == "connection"
        assert given.pop("options").split(" -c ") == [
            "-c idle_session_timeout=5000",
            "idle_in_transaction_session_timeout=5000",
            "statement_timeout=5000",
            "tcp_user_timeout=5000",
            "tcp_keepalives_idle=2",
            "tcp_keepalives_interval=1",
            "tcp_keepalives_count=2",
            "client_min_messages=warning",
        ]
        assert given == {
            "host": "database.example.com",
            "port": 5432,
            "dbname": "yawl",
            "user": "yawl",
            "password": "database-secret",
            "sslmode": "verify-full",
            "sslrootcert": str(where.ca_bundle),
            "application_name": "me",
            "connect_timeout": 3,
            "target_session_attrs": "read-write",
            "keepalives": 1,
            "keepalives_idle": 2,
            "keepalives_interval": 1,
            "keepalives_count": 2,
            "tcp_user_timeout": 2500,
            "autocommit": True,
        }

    @pytest.mark.parametrize(
        ("text", "raised"),
        [
            ('FATAL: password authentication failed for user "yawl"', PasswordRefusedError),
            ('FATAL: role "yawl" is not permitted to log in', PasswordRefusedError),
            ("FATAL: the database system is starting up", psycopg.OperationalError),
        ],
    )
    def test_refused_password_is_not_a_broken_database(
        self, where: DatabaseVariables, monkeypatch: pytest.MonkeyPatch, text: str, raised: type[Exception]
    ) -> None:
        async def connect(**_: Any) -> None:
            raise psycopg.OperationalError(text)

        monkeypatch.setattr("psycopg.AsyncConnection.connect", connect)
        with pytest.raises(raised) as error:
            asyncio.run(database.connect(where, application_name="me"))
        assert type(error.value) is raised

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (psycopg.OperationalError("first\nsecond"), "first"),
            (psycopg.OperationalError("\n first"), "first"),
            (TimeoutError(), "TimeoutError"),
        ],
    )
    def test_reason_is_the_first_line(self, error: Exception, reason: str) -> None:
        assert database.reason(error) == reason

    @pytest.mark.parametrize(("rows", "value"), [([], None), ([(None, 2)], None), ([(1, 2), (3, 4)], 1)])
    def test_scalar_is_the_first_column(self, rows: list[Any], value: object) -> None:
        assert asyncio.run(database.scalar(connection({"SELECT": rows}), "SELECT a, b", 7)) == value


class TestLeadersRow:
    @pytest.mark.parametrize(("rows", "taken"), [([(True,)], True), ([(False,)], False), ([], False)])
    def test_lock(self, rows: list[Any], taken: bool) -> None:
        session = connection({"pg_try_advisory_lock": rows})
        assert asyncio.run(leader_table.try_lock(session)) is taken
        assert session.statements == [("SELECT pg_try_advisory_lock(%s, %s)", LOCK)]

    @pytest.mark.parametrize(("age", "shown"), [(0.75, 0.75), (0.0, 0.0), (-0.5, 0.0)])
    def test_age_is_never_negative(self, age: float, shown: float) -> None:
        session = connection({"SELECT epoch": [(7, "task1", "10.0.0.1", 8081, "running", age)]})
        expected = LeaderRow(epoch=7, task="task1", address="10.0.0.1", port=8081, engine="running", age_seconds=shown)
        assert asyncio.run(leader_table.read(session)) == expected

    def test_no_leader(self) -> None:
        assert asyncio.run(leader_table.read(connection())) is None

    @pytest.mark.parametrize("released", [True, False])
    def test_new_epoch(self, released: bool) -> None:
        session = connection({"UPDATE": [(8, released)]})
        found = asyncio.run(leader_table.raise_epoch(session, task="task1", address="10.0.0.1", port=8081))
        assert found == (8, released)
        assert session.parameters("UPDATE") == [("task1", "10.0.0.1", 8081)]

    def test_row_that_is_gone_starts_no_epoch(self) -> None:
        with pytest.raises(LookupError):
            asyncio.run(leader_table.raise_epoch(connection(), task="task1", address="10.0.0.1", port=8081))

    @pytest.mark.parametrize(("count", "current"), [(1, True), (0, False), (-1, False)])
    def test_heartbeat_counts_if_it_changed_the_row(self, count: int, current: bool) -> None:
        session = connection({"UPDATE": Rows([], count=count)})
        assert asyncio.run(leader_table.heartbeat(session, epoch=7, engine="running")) is current
        assert session.parameters("UPDATE") == [("running", 7)]

    def test_release_is_committed_before_the_lock_is_free(self) -> None:
        session = connection()
        asyncio.run(leader_table.release(session, epoch=7))
        assert session.texts[0::3] == ["BEGIN", "COMMIT"]
        assert session.statements[2][1] == (7,)
        assert session.statements[-1] == ("SELECT pg_advisory_unlock(%s, %s)", LOCK)

    def test_tasks_set_the_schema_up_one_after_another(self) -> None:
        session = connection()
        asyncio.run(leader_table.set_up(session))
        assert session.statements[1] == ("SELECT pg_advisory_xact_lock(%s, %s)", (0x5941574C, 2))
        assert (session.texts[0], session.texts[-1]) == ("BEGIN", "COMMIT")


LOGINS = [("yawl_engine_6",), ("yawl_engine_7",), ("yawl_engine_10",), ("yawl_engine_old",), ("yawl_engine_",)]
"""Of these, epoch 7's leader may touch only the first."""


class TestFencing:
    def fence(self, session: Any, *, epoch: int = 7, **options: bool) -> int:
        return asyncio.run(fencing.fence(session, database="yawl", epoch=epoch, **options))

    def test_only_earlier_epochs_lose_their_logins(self) -> None:
        session = connection({"SELECT rolname": LOGINS})
        assert self.fence(session) == 0
        changed = [text for text in session.texts if not text.startswith("SELECT")]
        assert changed == [
            'ALTER ROLE "yawl_engine_6" NOLOGIN',
            'REVOKE "yawl_engine" FROM "yawl_engine_6"',
            'DROP ROLE IF EXISTS "yawl_engine_6"',
        ]
        assert session.parameters("SELECT rolname") == [("yawl_engine_",)]

    def test_all_earlier_epochs_are_fenced(self) -> None:
        session = connection({"SELECT rolname": LOGINS})
        self.fence(session, epoch=11)
        dropped = [text.split('"')[1] for text in session.texts if text.startswith("DROP")]
        assert dropped == ["yawl_engine_6", "yawl_engine_7", "yawl_engine_10"]

    def test_login_whose_sessions_may_still_appear_is_kept(self) -> None:
        session = connection({"SELECT rolname": LOGINS})
        self.fence(session, drop=False)
        assert not [text for text in session.texts if text.startswith("DROP")]
        assert 'ALTER ROLE "yawl_engine_6" NOLOGIN' in session.texts

    def test_sessions_are_ended_until_none_is_left(self) -> None:
        session = connection({"SELECT rolname": LOGINS, "SELECT pid": [[(31,), (32,)], [(32,)], [(33,)], []]})
        assert self.fence(session) == 3
        assert session.parameters("pg_terminate_backend") == [(31,), (32,), (32,), (33,)]
        assert session.parameters("SELECT pid")[0] == (["yawl_engine_6"],)

    def test_login_that_another_leader_dropped_is_fenced_already(self) -> None:
        session = connection({"SELECT rolname": LOGINS, "NOLOGIN": psycopg.errors.UndefinedObject()})
        assert self.fence(session) == 0
        assert 'DROP ROLE IF EXISTS "yawl_engine_6"' in session.texts

    def test_login_that_cannot_be_revoked_ends_the_term(self) -> None:
        session = connection({"SELECT rolname": LOGINS, "NOLOGIN": psycopg.errors.InsufficientPrivilege()})
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            self.fence(session)

    def test_login_that_cannot_be_dropped_is_logged(self, logged: pytest.LogCaptureFixture) -> None:
        refused = psycopg.errors.DependentObjectsStillExist()
        session = connection({"SELECT rolname": LOGINS, "DROP": refused})
        assert self.fence(session, epoch=8) == 0
        assert len([text for text in session.texts if text.startswith("DROP")]) == 2
        assert "a login of an earlier epoch could not be dropped" in logged.messages

    @pytest.mark.parametrize(("epoch", "reported"), [(6, False), (7, True)])
    def test_log_says_whether_there_was_anybody(
        self, epoch: int, reported: bool, logged: pytest.LogCaptureFixture
    ) -> None:
        self.fence(connection({"SELECT rolname": LOGINS}), epoch=epoch)
        assert ("earlier epochs are fenced" in logged.messages) is reported

    @pytest.mark.parametrize(("rows", "created"), [([], True), ([(1,)], False)])
    def test_term_begins_with_a_login_of_its_own(self, rows: list[Any], created: bool) -> None:
        session = connection({"UPDATE": [(7, True)], "SELECT 1": rows})
        epoch, released, login = asyncio.run(
            fencing.begin_term(session, database="yawl", task="task1", address="10.0.0.1", port=8081)
        )
        assert (epoch, released, login.user) == (7, True, "yawl_engine_7")
        assert len(login.password) == 43
        assert session.encrypted == [(login.password.encode(), b"yawl_engine_7", b"scram-sha-256")]
        assert login.password not in repr(session.statements)
        assert (session.texts[0], session.texts[-1]) == ("BEGIN", "COMMIT")
        assert ('CREATE ROLE "yawl_engine" NOLOGIN' in session.texts) is created
        assert ('GRANT "yawl_engine" TO CURRENT_USER' in session.texts) is created
        assert session.texts[-5:-1] == [
            'DROP ROLE IF EXISTS "yawl_engine_7"',
            'CREATE ROLE "yawl_engine_7" LOGIN NOINHERIT PASSWORD \'SCRAM-SHA-256$verifier\' IN ROLE "yawl_engine"',
            'ALTER ROLE "yawl_engine_7" IN DATABASE "yawl" SET role = "yawl_engine"',
            'GRANT "yawl_engine_7" TO CURRENT_USER',
        ]

    def test_tables_of_an_earlier_installation_are_adopted(self) -> None:
        session = connection({"SELECT c.relname": [("logs", "r"), ("numbers", "S")]})
        asyncio.run(fencing.adopt_tables(session, database="yawl"))
        assert session.texts[1:] == [
            'ALTER TABLE public."logs" OWNER TO "yawl_engine"',
            'ALTER TABLE public."numbers" OWNER TO "yawl_engine"',
        ]


class TestAccounts:
    def provide(self, services: object) -> Any:
        session = connection({"to_regclass": [(services,)]})
        asyncio.run(
            engine_accounts.provide_account(session, owner="yawl_engine", user="operator", password="admin-secret")
        )
        return session

    def test_account_is_made_as_the_owner(self) -> None:
        session = self.provide(None)
        assert session.texts[:2] == ["BEGIN", 'SET LOCAL ROLE "yawl_engine"']
        assert session.texts[-1] == "COMMIT"
        assert session.parameters("DELETE") == [(MARK, "operator")]
        assert session.parameters("INSERT") == [("operator", encoded("admin-secret"), MARK)]

    def test_published_passwords_are_replaced_wherever_they_are(self) -> None:
        session = self.provide("yservices")
        [(application, known, user)] = session.parameters("UPDATE public.clientapps")
        [(service, same)] = session.parameters("UPDATE public.yservices")
        assert known == same == [encoded(text) for text in WELL_KNOWN]
        assert user == "operator"
        assert len({application, service, encoded("admin-secret"), *known}) == len(known) + 3

    def test_passwords_cannot_be_guessed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lengths: list[int] = []

        def token(length: int) -> str:
            lengths.append(length)
            return "token"

        monkeypatch.setattr("secrets.token_urlsafe", token)
        self.provide("yservices")
        assert lengths == [32, 32]

    def test_database_without_services_is_left_as_it_is(self) -> None:
        assert not self.provide(None).parameters("UPDATE public.yservices")


class TestReaderRole:
    @pytest.mark.parametrize(
        ("roles", "created", "message"),
        [
            ([("rds_iam",)], True, "operators can read"),
            ([("rds_iam",), ("yawl_reader",)], False, None),
            ([("yawl_reader",)], False, None),
            ([], False, "operators cannot read: the database has no IAM logins"),
        ],
    )
    def test_role_is_made_once(
        self, roles: list[Any], created: bool, message: str | None, logged: pytest.LogCaptureFixture
    ) -> None:
        session = connection({"SELECT rolname": roles})
        asyncio.run(reader_role.provide(session, role="yawl_reader"))
        assert session.texts[1:] == (
            [
                "BEGIN",
                'CREATE ROLE "yawl_reader" LOGIN IN ROLE pg_read_all_data',
                'ALTER ROLE "yawl_reader" SET default_transaction_read_only = on',
                'GRANT rds_iam TO "yawl_reader"',
                "COMMIT",
            ]
            if created
            else []
        )
        assert logged.messages == ([message] if message else [])

    def test_engine_does_not_depend_on_it(self, logged: pytest.LogCaptureFixture) -> None:
        session = connection({"SELECT rolname": psycopg.errors.InsufficientPrivilege()})
        asyncio.run(reader_role.provide(session, role="yawl_reader"))
        assert logged.messages == ["the operators' role could not be created"]


class TestEngineSessions:
    @pytest.mark.parametrize(
        ("row", "sessions"),
        [(([31, 32], 5), Sessions(frozenset({31, 32}), 5)), (([], None), Sessions(frozenset(), 0))],
    )
    def test_snapshot(self, row: tuple[Any, ...], sessions: Sessions) -> None:
        session = connection({"pg_stat_database": [row]})
        assert asyncio.run(engine_sessions.read(session, user="yawl_engine_7")) == sessions
        assert session.statements[0][1] == ("yawl_engine_7",)

    def test_database_without_statistics(self) -> None:
        with pytest.raises(LookupError):
            asyncio.run(engine_sessions.read(connection(), user="yawl_engine_7"))

    @pytest.mark.parametrize("error", [psycopg.OperationalError(), PasswordRefusedError(), TimeoutError()])
    def test_database_that_cannot_be_asked_says_nothing(
        self, error: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(timings, "SESSION_INTERVAL", 0.0)
        rows = [[([31, 32], 5)], [([31], 6)]]
        opened: list[Exception | Any] = [error, connection({"pg_stat_database": rows})]

        async def connect() -> Any:
            found = opened.pop(0)
            if isinstance(found, Exception):
                raise found
            return found

        assert asyncio.run(engine_sessions.first_loss(connect, user="yawl_engine_7")) == engine_sessions.REASON
        assert not opened

    def test_other_errors_are_not_hidden(self) -> None:
        async def connect() -> Any:
            raise LookupError

        with pytest.raises(LookupError):
            asyncio.run(engine_sessions.first_loss(connect, user="yawl_engine_7"))
