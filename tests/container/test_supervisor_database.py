"""Leadership and fencing on a real PostgreSQL: an engine of an earlier epoch can never write.

Needs PostgreSQL's programs (Debian's package `postgresql`); without them these tests are skipped.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import LiteralString

import psycopg
import pytest

from supervisor import engine_accounts, engine_sessions, fencing, leader_table, reader_role, timings
from supervisor.database import Connection
from supervisor.fencing import EngineLogin
from tests.container.scratch_postgresql import ADMIN, PROGRAMS, Cluster

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL's programs are not installed")


@pytest.fixture(autouse=True)
def _fresh_database(cluster: Cluster) -> None:
    cluster.make_database()


def with_sessions(cluster: Cluster, number: int, work: Callable[..., Awaitable[None]]) -> None:
    """Run `work` with some sessions of the database user, after creating the schema."""

    async def main() -> None:
        sessions = [await cluster.session() for _ in range(number)]
        try:
            await leader_table.set_up(sessions[0])
            await work(*sessions)
        finally:
            for session in sessions:
                await session.close()

    asyncio.run(main())


async def lead(session: Connection, task: str = "task1") -> tuple[int, bool, EngineLogin]:
    return await fencing.begin_term(session, database="yawl", task=task, address="10.0.0.1", port=8081)


def writes(session: psycopg.Connection, statement: LiteralString = "INSERT INTO rows VALUES (1)") -> bool:
    try:
        session.execute(statement)
    except psycopg.Error:
        return False
    return True


def logs_in(cluster: Cluster, login: EngineLogin) -> bool:
    try:
        cluster.connect(login.user, login.password).close()
    except psycopg.OperationalError:
        return False
    return True


def test_only_one_session_holds_the_lock(cluster: Cluster) -> None:
    async def work(first: Connection, second: Connection) -> None:
        assert await leader_table.try_lock(first)
        assert not await leader_table.try_lock(second)
        await first.close()
        async with asyncio.timeout(300):
            while not await leader_table.try_lock(second):  # noqa: ASYNC110 - the server ends the session in its own time
                await asyncio.sleep(0.01)

    with_sessions(cluster, 2, work)


def test_each_term_has_a_higher_epoch_and_the_former_terms_end(cluster: Cluster) -> None:
    async def work(session: Connection) -> None:
        assert (await lead(session))[:2] == (1, True)
        assert (await lead(session))[:2] == (2, False)
        await leader_table.try_lock(session)
        await leader_table.release(session, epoch=2)
        assert await leader_table.read(session) is None
        assert (await lead(session))[:2] == (3, True)

    with_sessions(cluster, 1, work)


def test_heartbeat_reveals_a_later_epoch(cluster: Cluster) -> None:
    async def work(session: Connection) -> None:
        await lead(session)
        assert await leader_table.heartbeat(session, epoch=1, engine="running")
        row = await leader_table.read(session)
        assert row is not None
        assert (row.epoch, row.task, row.address, row.port, row.engine) == (1, "task1", "10.0.0.1", 8081, "running")
        assert 0 <= row.age_seconds < 5
        await lead(session, "task2")
        assert not await leader_table.heartbeat(session, epoch=1, engine="running")
        await leader_table.release(session, epoch=1)
        assert (await leader_table.read(session)) is not None, (
            "only the present leader can say that it released the lock"
        )

    with_sessions(cluster, 1, work)


def test_engine_of_an_earlier_epoch_cannot_write(cluster: Cluster) -> None:
    async def work(leader: Connection, working: Connection) -> None:
        _, _, first = await lead(leader)
        frozen = cluster.connect(first.user, first.password)
        assert writes(frozen, "CREATE TABLE rows (id bigint)")
        assert writes(frozen)
        epoch, _, second = await lead(leader)
        assert await fencing.fence(working, database="yawl", epoch=epoch) == 1
        assert not writes(frozen)
        assert not logs_in(cluster, first)
        with cluster.connect(second.user, second.password) as engine:
            assert writes(engine)
            owners = engine.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert owners == [("yawl_engine",)]

    with_sessions(cluster, 2, work)


def test_fencing_ends_transactions_of_earlier_epochs(cluster: Cluster) -> None:
    async def work(leader: Connection, working: Connection) -> None:
        _, _, first = await lead(leader)
        busy = cluster.connect(first.user, first.password)
        busy.execute("CREATE TABLE rows (id bigint)")
        slow = threading.Thread(target=writes, args=(busy, "INSERT INTO rows SELECT 1 FROM pg_sleep(30)"))
        slow.start()
        epoch, _, _ = await lead(leader)
        await fencing.fence(working, database="yawl", epoch=epoch)
        slow.join(5)
        assert not slow.is_alive()
        with cluster.connect(ADMIN, "admin-secret") as reader:
            assert reader.execute("SELECT count(*) FROM rows").fetchone() == (0,)

    with_sessions(cluster, 2, work)


def test_leader_that_lost_the_lock_unknowingly_cannot_affect_a_later_leader(cluster: Cluster) -> None:
    async def work(leader: Connection, working: Connection) -> None:
        await lead(leader)
        _, _, second = await lead(leader)
        engine = cluster.connect(second.user, second.password)
        assert await fencing.fence(working, database="yawl", epoch=1) == 0
        assert writes(engine, "CREATE TABLE rows (id bigint)")
        assert logs_in(cluster, second)
        engine.close()

    with_sessions(cluster, 2, work)


def test_dead_session_cannot_begin_term(cluster: Cluster) -> None:
    async def work(leader: Connection, other: Connection) -> None:
        await leader_table.try_lock(leader)
        await other.execute("SELECT pg_terminate_backend(%s)", (leader.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            await lead(leader)
        assert await leader_table.read(other) is None
        assert (await lead(other))[0] == 1

    with_sessions(cluster, 2, work)


def test_login_password_is_not_in_the_database_log(cluster: Cluster) -> None:
    logins: list[EngineLogin] = []

    async def work(leader: Connection) -> None:
        logins.append((await lead(leader))[2])

    with_sessions(cluster, 1, work)
    log = cluster.log()
    assert logins[0].user in log, "the log has the statements"
    assert logins[0].password not in log
    assert logins[0].password not in repr(logins)


def test_tables_of_an_older_installation_change_owner(cluster: Cluster) -> None:
    async def work(leader: Connection, working: Connection) -> None:
        await working.execute("CREATE TABLE old (id serial PRIMARY KEY, number int)")
        await working.execute("CREATE VIEW seen AS SELECT * FROM old")
        _, _, login = await lead(leader)
        await fencing.adopt_tables(working, database="yawl")
        with cluster.connect(login.user, login.password) as engine:
            assert writes(engine, "INSERT INTO old (number) VALUES (1)")
            assert writes(engine, "ALTER TABLE old ADD COLUMN more int")
        assert await leader_table.heartbeat(leader, epoch=1, engine="running"), "our own tables stay ours"

    with_sessions(cluster, 2, work)


async def provide(session: Connection, user: str, password: str) -> None:
    await engine_accounts.provide_account(session, owner="yawl_engine", user=user, password=password)


def test_new_database_gets_only_the_admin_account(cluster: Cluster) -> None:
    async def work(session: Connection) -> None:
        await lead(session)
        for user, password in [("operator", "one"), ("operator", "YAWL"), ("other", "two")]:
            await provide(session, user, password)
        with cluster.connect(ADMIN, "admin-secret") as reader:
            found = reader.execute("SELECT userid, passwordtext FROM clientapps").fetchall()
        assert found == [("other", engine_accounts.encoded("two"))]

    with_sessions(cluster, 1, work)


def test_default_passwords_are_rejected(cluster: Cluster) -> None:
    known = engine_accounts.encoded("yEditor")

    async def work(session: Connection) -> None:
        await lead(session)
        await session.execute(
            "CREATE TABLE clientapps (userid varchar(255) PRIMARY KEY, passwordtext varchar(255), "
            "documentation varchar(255))"
        )
        await session.execute("CREATE TABLE yservices (serviceid varchar(255), servicepassword varchar(255))")
        await session.execute("INSERT INTO clientapps VALUES ('editor', %s), ('mine', 'changed')", (known,))
        await session.execute("INSERT INTO yservices VALUES ('mail', %s)", (engine_accounts.encoded("yMail"),))
        await fencing.adopt_tables(session, database="yawl")
        await provide(session, "operator", "one")
        with cluster.connect(ADMIN, "admin-secret") as reader:
            clients = dict(reader.execute("SELECT userid, passwordtext FROM clientapps").fetchall())
            services = reader.execute("SELECT servicepassword FROM yservices").fetchall()
        assert clients.keys() == {"editor", "mine", "operator"}
        assert clients["editor"] != known
        assert clients["mine"] == "changed"
        assert services != [(engine_accounts.encoded("yMail"),)]

    with_sessions(cluster, 1, work)


def test_passwords_are_hashed_like_yawl() -> None:
    assert engine_accounts.encoded("YAWL") == "Se4tMaQCi9gr0Q2usp7P56Sk5vM="


@pytest.mark.parametrize("ended_by_the_server", [True, False])
def test_server_ended_sessions_differ_from_closed_ones(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, *, ended_by_the_server: bool
) -> None:
    monkeypatch.setattr(timings, "SESSION_INTERVAL", 0.05)

    async def work(session: Connection) -> None:
        _, _, login = await lead(session)
        engine = cluster.connect(login.user, login.password)
        other = cluster.connect(login.user, login.password)
        loss = asyncio.create_task(engine_sessions.first_loss(cluster.session, user=login.user))
        await asyncio.sleep(0.5)
        if ended_by_the_server:
            await session.execute("SELECT pg_terminate_backend(%s)", (engine.info.backend_pid,))
            assert await asyncio.wait_for(loss, 10) == engine_sessions.REASON
        else:
            engine.close()
            done, _ = await asyncio.wait({loss}, timeout=1.0)
            assert not done
            loss.cancel()
        other.close()

    with_sessions(cluster, 1, work)


def test_operators_get_a_role_that_reads_and_cannot_write(cluster: Cluster) -> None:
    async def work(session: Connection) -> None:
        await reader_role.provide(session, role="yawl_reader")
        found = await (await session.execute("SELECT 1 FROM pg_roles WHERE rolname = 'yawl_reader'")).fetchone()
        assert found is None, "without IAM logins, a role would have no password and be of no use"
        with cluster.connect(ADMIN, "admin-secret", database="postgres") as admin:
            admin.execute("DROP ROLE IF EXISTS rds_iam")
            admin.execute("CREATE ROLE rds_iam NOLOGIN")
        for _ in range(2):  # the second time, it is there
            await reader_role.provide(session, role="yawl_reader")
        await session.execute("CREATE TABLE rows (number int)")
        with cluster.connect(ADMIN, "admin-secret", database="postgres") as admin:
            # On RDS a token takes the password's place.
            admin.execute("ALTER ROLE yawl_reader PASSWORD 'a-token'")
        with cluster.connect("yawl_reader", "a-token") as reader:
            assert reader.execute("SELECT count(*) FROM rows").fetchone() == (0,)
            assert not writes(reader)
        with cluster.connect("yawl_reader", "a-token") as reader:
            reader.execute("SET default_transaction_read_only = off")
            assert not writes(reader), "it has no right to, however it sets its session"
        members = await session.execute("SELECT pg_has_role('yawl_reader', 'rds_iam', 'member')")
        assert await members.fetchone() == (True,)

    with_sessions(cluster, 1, work)
    with cluster.connect(ADMIN, "admin-secret", database="postgres") as admin:
        admin.execute("DROP ROLE yawl_reader")
        admin.execute("DROP ROLE rds_iam")
