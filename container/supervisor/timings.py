"""All times that leadership depends on, in seconds, with assertions on their order.

A leader that can no longer prove it holds the lock ends its engine by itself, before another task may start one:

    sent ─── lease ───▶ SIGTERM ─── grace ───▶ SIGKILL ─── margin ───▶ the next leader's engine may start

`sent` is when the last heartbeat that the database answered left this task. The lock becomes free at the earliest when
the database ends the session, so the next leader's fencing delay begins no earlier than that. A frozen leader cannot
end its engine; it loses its session at the server instead, and its engine its login at the database (`fencing`).
"""

from typing import Final

HEARTBEAT: Final = 0.5
"""Between two heartbeats on the lock's connection."""
LEASE: Final = 2.5
"""How long after sending its last answered heartbeat a leader may act as one."""
KILL_GRACE: Final = 0.5
"""Between SIGTERM and SIGKILL for an engine whose task has lost the leadership."""
KILL_MARGIN: Final = 0.25
"""Time to detect an expired lease and to kill the engine on a busy machine."""
FENCING_DELAY: Final = 3.5
"""Between taking the lock and starting an engine, unless the former leader has released it cleanly."""
SERVER_IDLE_LIMIT: Final = 5.0
"""After how long without a heartbeat the database ends the lock's session."""
CONTEST_INTERVAL: Final = 0.25
"""Between two attempts of a standby to take the lock."""
LOGIN_INTERVAL: Final = (60.0, 120.0)
"""After how long a standby logs in again: a rotated password is detected before the task is needed.

Between the two, at random, so that not all standbys end at once when it was.
"""

LEADER_KEY_LIFE: Final = 5.0
"""How long the leader's key lives in Redis without being renewed."""
ANNOUNCE_INTERVAL: Final = 1.0
"""Between two renewals of the leader's key."""
ROW_INTERVAL: Final = 1.0
"""Between two readings of the leader's row while Redis has no leader."""
ROW_INTERVAL_WITH_REDIS: Final = 5.0
"""Between two readings of the leader's row while Redis has a leader."""

PROBE_INTERVAL: Final = 1.0
PROBE_TIMEOUT: Final = 5.0
"""How long an engine may take for an answer before that counts as a failure."""
STANDBY_PROBE_TIMEOUT: Final = 3.0
PROBE_FAILURES: Final = 3
"""Failures in a row after which an engine is restarted."""
SESSION_INTERVAL: Final = 1.0
"""Between two readings of the engine's sessions in the database."""
SESSION_LOSS_WINDOW: Final = 2.0
"""How far apart a session's end and the server's count of it may be noticed."""
ENGINE_START_LIMIT: Final = 240.0
"""How long an engine may take until its first answer; 57 s were measured for seven wars on two cores."""
ENGINE_STARTS: Final = 3
"""How many starts in a row may fail before the leadership is given up."""
ENGINE_STABLE: Final = 300.0
"""Seconds of good health after which earlier failures no longer count."""
RESTART_PAUSE: Final = 1.0
"""Before the first restart; doubles with each that follows."""
GIVE_UP_PAUSE: Final = 30.0
"""How long a task that gave the leadership up leaves it to others."""

DRAIN_LIMIT: Final = 20.0
"""How long running requests may take to end at a planned handover."""
STOP_LIMIT: Final = 20.0
"""How long an engine may take to end after SIGTERM at a planned handover; it was measured to take 2.4 s."""
STOP_TIMEOUT: Final = 60.0
"""The time that ECS gives a task between SIGTERM and SIGKILL."""

HEALTH_INTERVAL: Final = 1.0
HEALTH_AGE_LIMIT: Final = 10.0
"""Age from which the health counts as unknown."""
METRICS_INTERVAL: Final = 60.0

if LEASE + KILL_GRACE + KILL_MARGIN >= FENCING_DELAY:
    raise AssertionError("an engine must be dead before the next leader's fencing delay has passed")
if LEASE + KILL_GRACE + KILL_MARGIN >= SERVER_IDLE_LIMIT:
    raise AssertionError("a leader must give up by itself before the database ends its session")
if 2 * HEARTBEAT >= LEASE or ANNOUNCE_INTERVAL * 2 >= LEADER_KEY_LIFE:
    raise AssertionError("one lost heartbeat must not end a leadership")
if DRAIN_LIMIT + STOP_LIMIT + 10.0 >= STOP_TIMEOUT:
    raise AssertionError("a planned handover must fit into the stop timeout")
