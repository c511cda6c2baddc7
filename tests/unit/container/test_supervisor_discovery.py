"""A standby takes the leader with the highest known epoch, and uses the row if Redis has none."""

import asyncio

import pytest

from supervisor import timings
from supervisor.discovery import Discovery, Leader, LeaderRegistry
from supervisor.leader_table import LeaderRow
from supervisor.lease import now
from supervisor.variables import RedisVariables


def row(epoch: int, age_seconds: float = 0.0) -> LeaderRow:
    return LeaderRow(epoch=epoch, task="row", address="10.0.0.1", port=8081, engine="running", age_seconds=age_seconds)


def redis_entry(epoch: int, age_seconds: float = 0.0, engine: str = "running") -> Leader:
    return Leader(
        epoch=epoch,
        task="redis",
        address="10.0.0.2",
        port=8081,
        engine=engine,
        age_seconds=age_seconds,
        heard_at=now(),
    )


@pytest.mark.parametrize(
    ("from_row", "from_redis", "known"),
    [
        (None, None, None),
        (row(3), None, (3, "row")),
        (None, (3, 0.0), (3, "redis")),
        (row(3), (4, 0.0), (4, "redis")),
        (row(4), (3, 0.0), (4, "row")),
        (row(3, age_seconds=900), None, (3, "row")),
        (None, (3, timings.LEADER_KEY_LIFE), None),
        (row(2), (3, timings.LEADER_KEY_LIFE), (2, "row")),
    ],
)
def test_highest_epoch_wins(
    from_row: LeaderRow | None, from_redis: tuple[int, float] | None, known: tuple[int, str] | None
) -> None:
    discovery = Discovery()
    discovery.update_from_row(from_row)
    discovery.update_from_redis(from_redis and redis_entry(*from_redis))
    leader = discovery.leader
    assert (leader and (leader.epoch, leader.task)) == known


def test_only_changes_wake_a_standby() -> None:
    discovery = Discovery()
    for leader, news in [
        (redis_entry(1), True),
        (redis_entry(1), False),
        (redis_entry(1, engine="stopping"), True),
        (redis_entry(2), True),
        (None, True),
        (None, False),
    ]:
        discovery.changed.clear()
        discovery.update_from_redis(leader)
        assert discovery.changed.is_set() is news


def test_discovery_works_without_redis(tmp_path_factory: pytest.TempPathFactory) -> None:
    bundle = tmp_path_factory.mktemp("redis") / "ca.pem"
    bundle.write_text("")
    registry = LeaderRegistry(
        RedisVariables(host="127.0.0.1", port=1, auth_token="secret", ca_bundle=bundle), environment="dev"
    )

    async def announce() -> None:
        await registry.announce(epoch=1, task="t", address="a", port=1, engine="running", change=True)
        await registry.withdraw(epoch=1)
        await registry.close()

    asyncio.run(asyncio.wait_for(announce(), 5))
