"""How a standby finds the leader: through Redis, or from the leader's row if Redis has no leader.

The result decides where requests go, never who may lead. So Redis may be late, empty or down.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Final, cast

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from supervisor import timings
from supervisor.leader_table import LeaderRow
from supervisor.lease import now
from supervisor.log import Journal
from supervisor.variables import RedisVariables

JOURNAL = Journal("discovery")
CALL_TIMEOUT: Final = 1.0
RECONNECT_PAUSE: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Leader:
    """The last known state of a leader, `age_seconds` old at `heard_at`."""

    epoch: int
    task: str
    address: str
    port: int
    engine: str
    age_seconds: float
    heard_at: float

    @property
    def age(self) -> float:
        """Seconds since the leader's last heartbeat."""
        return self.age_seconds + now() - self.heard_at


class Discovery:
    """The leader as far as a task knows."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        """Set when Redis reports a change; the waiter clears it."""
        self._from_redis: Leader | None = None
        self._from_row: Leader | None = None

    @property
    def leader(self) -> Leader | None:
        """The known leader with the highest epoch."""
        heard = [leader for leader in (self._fresh_from_redis(), self._from_row) if leader is not None]
        return max(heard, key=lambda leader: (leader.epoch, leader.heard_at - leader.age_seconds), default=None)

    @property
    def redis_knows(self) -> bool:
        """Whether Redis has a current leader."""
        return self._fresh_from_redis() is not None

    def update_from_row(self, row: LeaderRow | None) -> None:
        """Use the leader's row."""
        self._from_row = None
        if row is not None:
            self._from_row = Leader(
                epoch=row.epoch,
                task=row.task,
                address=row.address,
                port=row.port,
                engine=row.engine,
                age_seconds=row.age_seconds,
                heard_at=now(),
            )

    def update_from_redis(self, leader: Leader | None) -> None:
        """Use the leader from Redis; None if it has withdrawn or its key has expired."""
        before = self._from_redis
        self._from_redis = leader
        if (before and (before.epoch, before.engine)) != (leader and (leader.epoch, leader.engine)):
            self.changed.set()

    def _fresh_from_redis(self) -> Leader | None:
        leader = self._from_redis
        return leader if leader is not None and leader.age < timings.LEADER_KEY_LIFE else None


class LeaderRegistry:
    """The leader's key in Redis, and the channel that announces its changes."""

    def __init__(self, variables: RedisVariables, *, environment: str) -> None:
        self._key = f"yawl:{environment}:leader"
        self._client = redis.asyncio.Redis(
            host=variables.host,
            port=variables.port,
            password=variables.auth_token,
            ssl=True,
            ssl_cert_reqs="required",
            ssl_ca_certs=str(variables.ca_bundle),
            ssl_check_hostname=True,
            socket_connect_timeout=CALL_TIMEOUT,
            socket_timeout=CALL_TIMEOUT,
            socket_keepalive=True,
            # The loops here retry; a retry inside a call would only delay them.
            retry=Retry(NoBackoff(), 0),
        )
        self._reachable: bool | None = None

    async def announce(self, *, epoch: int, task: str, address: str, port: int, engine: str, change: bool) -> None:
        """Renew the leader's key, and publish a change. Never raises."""
        text = json.dumps({"epoch": epoch, "task": task, "address": address, "port": port, "engine": engine})
        try:
            async with asyncio.timeout(2 * CALL_TIMEOUT):
                await self._client.set(self._key, text, px=int(timings.LEADER_KEY_LIFE * 1000))
                if change:
                    await self._client.publish(self._key, text)
        except (RedisError, OSError) as error:
            self._note(error)
        else:
            self._note(None)

    async def withdraw(self, *, epoch: int) -> None:
        """Remove the key of the leader of `epoch`, and publish that. Never raises."""
        try:
            async with asyncio.timeout(2 * CALL_TIMEOUT):
                leader = _parse(cast(bytes | None, await self._client.get(self._key)))
                if leader is not None and leader.epoch == epoch:
                    await self._client.delete(self._key)
                    await self._client.publish(self._key, "null")
        except (RedisError, OSError) as error:
            self._note(error)

    async def listen(self, discovery: Discovery) -> None:
        """Update `discovery` from the key and the channel until cancelled."""
        while True:
            channel = self._client.pubsub(ignore_subscribe_messages=True)
            try:
                await self._listen(channel, discovery)
            except (RedisError, OSError) as error:
                self._note(error)
            finally:
                await _close(channel)
            await asyncio.sleep(RECONNECT_PAUSE)

    async def close(self) -> None:
        """Close all connections."""
        try:
            await self._client.aclose()
        except (RedisError, OSError):
            return

    async def _listen(self, channel: PubSub, discovery: Discovery) -> None:
        async with asyncio.timeout(2 * CALL_TIMEOUT):
            await channel.subscribe(self._key)
        while True:
            async with asyncio.timeout(2 * CALL_TIMEOUT):
                text = cast(bytes | None, await self._client.get(self._key))
                left = await self._client.pttl(self._key)
            self._note(None)
            age = max(0.0, timings.LEADER_KEY_LIFE - left / 1000) if left > 0 else 0.0
            discovery.update_from_redis(_parse(text, age_seconds=age))
            async with asyncio.timeout(timings.ANNOUNCE_INTERVAL + 2 * CALL_TIMEOUT):
                message = await channel.get_message(timeout=timings.ANNOUNCE_INTERVAL)
            if message is not None:
                discovery.update_from_redis(_parse(cast(bytes, message["data"])))

    def _note(self, error: BaseException | None) -> None:
        """Log when Redis becomes unreachable or reachable."""
        reachable = error is None
        if reachable != self._reachable:
            if error is not None:
                JOURNAL.warning(
                    "Redis is unreachable; the leader is read from the database", {"reason": type(error).__name__}
                )
            else:
                JOURNAL.info("Redis is reachable")
        self._reachable = reachable


def _parse(text: bytes | None, *, age_seconds: float = 0.0) -> Leader | None:
    try:
        document = json.loads(text) if text else None
        return document and Leader(
            epoch=int(document["epoch"]),
            task=str(document["task"]),
            address=str(document["address"]),
            port=int(document["port"]),
            engine=str(document["engine"]),
            age_seconds=age_seconds,
            heard_at=now(),
        )
    except (ValueError, KeyError, TypeError):
        JOURNAL.warning("the leader's key in Redis is invalid")
        return None


async def _close(channel: PubSub) -> None:
    try:
        await channel.aclose()
    except (RedisError, OSError):
        return
