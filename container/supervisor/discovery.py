"""Who leads, as a standby knows it: from Redis at once, from the leader's row when Redis says nothing.

What is found here decides where requests go, never who may lead. So Redis may be late, empty or gone.
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
    """A leader as it was last heard of, `age_seconds` old at the time `heard_at`."""

    epoch: int
    task: str
    address: str
    port: int
    engine: str
    age_seconds: float
    heard_at: float

    @property
    def age(self) -> float:
        """Seconds since the leader's last sign of life."""
        return self.age_seconds + now() - self.heard_at


class Discovery:
    """What a task knows of the leader."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        """Set when something new was heard from Redis; whoever waits for it clears it."""
        self._from_redis: Leader | None = None
        self._from_row: Leader | None = None

    @property
    def leader(self) -> Leader | None:
        """The leader of the highest epoch that was heard of."""
        heard = [leader for leader in (self._fresh_from_redis(), self._from_row) if leader is not None]
        return max(heard, key=lambda leader: (leader.epoch, leader.heard_at - leader.age_seconds), default=None)

    @property
    def redis_knows(self) -> bool:
        """Whether Redis has told of a leader lately."""
        return self._fresh_from_redis() is not None

    def hear_row(self, row: LeaderRow | None) -> None:
        """Take in what the leader's row says."""
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

    def hear_redis(self, leader: Leader | None) -> None:
        """Take in what Redis says; None when the leader has withdrawn or its key is gone."""
        before = self._from_redis
        self._from_redis = leader
        if (before and (before.epoch, before.engine)) != (leader and (leader.epoch, leader.engine)):
            self.changed.set()

    def _fresh_from_redis(self) -> Leader | None:
        leader = self._from_redis
        return leader if leader is not None and leader.age < timings.LEADER_KEY_LIFE else None


class LeaderRegistry:
    """The leader's key in Redis, and the channel on which its changes are told."""

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
            # The loops here try again by themselves; a retry inside a call would only make it late.
            retry=Retry(NoBackoff(), 0),
        )
        self._reachable: bool | None = None

    async def announce(self, *, epoch: int, task: str, address: str, port: int, engine: str, change: bool) -> None:
        """Renew the leader's key, and tell the channel when something has changed. Never raises."""
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
        """Remove the key of the leader of `epoch`, and tell the channel. Never raises."""
        try:
            async with asyncio.timeout(2 * CALL_TIMEOUT):
                leader = _parse(cast(bytes | None, await self._client.get(self._key)), age_seconds=0.0)
                if leader is not None and leader.epoch == epoch:
                    await self._client.delete(self._key)
                    await self._client.publish(self._key, "null")
        except (RedisError, OSError) as error:
            self._note(error)

    async def listen(self, discovery: Discovery) -> None:
        """Tell `discovery` what the key and the channel say, for ever."""
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
            age = timings.LEADER_KEY_LIFE - left / 1000 if left > 0 else 0.0
            discovery.hear_redis(_parse(text, age_seconds=age))
            async with asyncio.timeout(timings.ANNOUNCE_INTERVAL + 2 * CALL_TIMEOUT):
                message = await channel.get_message(timeout=timings.ANNOUNCE_INTERVAL)
            if message is not None:
                discovery.hear_redis(_parse(cast(bytes, message["data"]), age_seconds=0.0))

    def _note(self, error: BaseException | None) -> None:
        """Log that Redis is gone or back, once each."""
        reachable = error is None
        if reachable != self._reachable:
            if error is not None:
                JOURNAL.warning(
                    "Redis cannot be reached; the database tells who leads", {"reason": type(error).__name__}
                )
            else:
                JOURNAL.info("Redis can be reached")
        self._reachable = reachable


def _parse(text: bytes | None, *, age_seconds: float) -> Leader | None:
    try:
        document = json.loads(text) if text else None
        return document and Leader(
            epoch=int(document["epoch"]),
            task=str(document["task"]),
            address=str(document["address"]),
            port=int(document["port"]),
            engine=str(document["engine"]),
            age_seconds=max(0.0, age_seconds),
            heard_at=now(),
        )
    except (ValueError, KeyError, TypeError):
        JOURNAL.warning("what Redis holds as the leader is not one")
        return None


async def _close(channel: PubSub) -> None:
    try:
        await channel.aclose()
    except (RedisError, OSError):
        return
