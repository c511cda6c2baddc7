"""What happens to leadership in known situations, each in virtual time with real tasks (`simulation`).

Figures come from container/README.md. `World` checks the invariants as well.
"""

from collections.abc import Generator

import pytest

from supervisor import timings
from supervisor.haproxy import API_ATTEMPTS
from tests.unit.container.simulation.engine import Behavior
from tests.unit.container.simulation.machine import Machine
from tests.unit.container.simulation.world import World

START = 3.0
"""Seconds that an engine takes to start."""
ROUND_TRIPS = 0.4
"""Seconds of all the statements, probes and messages of a failover, and of waiting for the next probe."""


@pytest.fixture
def world() -> Generator[World, None, None]:
    """Two tasks, of which one leads and both serve."""
    with World(2, start_seconds=START) as world:
        world.settle()
        yield world


@pytest.fixture
def leader(world: World) -> Machine:
    assert world.leader is not None
    return world.leader


@pytest.fixture
def standby(world: World, leader: Machine) -> Machine:
    return next(machine for machine in world.machines if machine is not leader)


def seconds_until_start(world: World, limit: float = 30.0) -> float:
    """Let time pass until a further engine starts; return the seconds."""
    before, since = len(world.starts), world.scheduler.now
    assert world.run(limit, until=lambda: len(world.starts) > before), "no engine has started"
    return world.scheduler.now - since


def test_first_leader_does_not_wait_for_anybody() -> None:
    with World(3, start_seconds=START) as world:
        assert seconds_until_start(world) < ROUND_TRIPS
        assert world.settle() < START + timings.HEALTH_INTERVAL + ROUND_TRIPS
        assert [machine.answer()[1]["role"] for machine in world.machines].count("active") == 1


@pytest.mark.usefixtures("standby")
def test_failover_takes_the_contest_and_the_fencing_delay(world: World, leader: Machine) -> None:
    leader.die()
    took = seconds_until_start(world)
    assert timings.FENCING_DELAY <= took <= timings.CONTEST_INTERVAL + timings.FENCING_DELAY + ROUND_TRIPS


def test_standby_is_not_ok_between_two_leaders(world: World, leader: Machine, standby: Machine) -> None:
    leader.die()
    world.run(timings.FENCING_DELAY + timings.HEALTH_INTERVAL)
    assert standby.answer()[0] == 503
    world.settle()
    assert standby.answer()[1]["role"] == "active"


def test_standby_is_not_ok_if_nobody_ever_led() -> None:
    with World() as world:
        world.server.up = False
        machine = world.add_machine()
        for _ in range(4):
            world.run(1.0)
            status, body = machine.answer()
            assert (status, body["role"]) == (503, "standby")
        assert body["reason"] == "no task leads"
        assert body["leader"] == {"age_seconds": None, "epoch": None}


def test_standby_is_not_ok_before_it_forwards_requests(world: World) -> None:
    """Redis names the leader to a task that is still waiting for the database."""
    late = world.add_machine()
    late.link.cut()
    world.run(timings.HEALTH_INTERVAL + 0.5)
    status, body = late.answer()
    assert (status, body["reason"]) == (503, "requests are not forwarded to the active task yet")
    world.run(5.0, until=lambda: late.answer()[0] == 200)
    assert world.served(late)


@pytest.mark.parametrize("behavior", ["fails", "resource service fails", "hangs"])
def test_standby_reports_a_failed_engine(world: World, leader: Machine, standby: Machine, behavior: Behavior) -> None:
    leader.engine.behavior = behavior
    limit = timings.HEALTH_INTERVAL + timings.STANDBY_PROBE_TIMEOUT
    assert world.run(limit, until=lambda: standby.answer()[0] == 503)
    body = standby.answer()[1]
    assert (body["engine"], body["reason"][:24]) == ("unreachable", "through the active task:")


@pytest.mark.parametrize("behavior", ["fails", "resource service fails", "hangs"])
def test_leader_reports_its_failed_engine(world: World, leader: Machine, behavior: Behavior) -> None:
    leader.engine.behavior = behavior
    limit = timings.PROBE_INTERVAL + timings.PROBE_TIMEOUT + timings.HEALTH_INTERVAL
    assert world.run(limit + 0.1, until=lambda: leader.answer()[0] == 503)
    assert not leader.engine.received, "a single bad answer is no reason for a restart"
    body = leader.answer()[1]
    assert (body["role"], body["engine"]) == ("active", "running")
    assert "answer" in body["reason"]


def test_standby_that_stops_is_unhealthy_at_once(world: World, standby: Machine) -> None:
    standby.haproxy.requests = 1
    standby.stop()
    world.run(0.01)
    assert (standby.answer()[0], standby.answer()[1]["reason"]) == (503, "the task is stopping")
    world.run(2.0)
    assert (standby.answer()[0], standby.exit) == (503, None)
    standby.haproxy.requests = 0
    assert world.run(1.0, until=lambda: standby.exit == 0)


def test_handover_waits_for_nothing_but_the_engine(world: World, leader: Machine, standby: Machine) -> None:
    leader.stop()
    world.run(0.01)
    assert (leader.answer()[0], leader.answer()[1]["reason"]) == (503, "the task is stopping")
    took = seconds_until_start(world)
    assert took < world.stop_seconds + timings.CONTEST_INTERVAL + ROUND_TRIPS
    world.settle()
    assert leader.exit == 0
    assert standby.answer()[1]["leader"]["epoch"] == 2


def test_handover_lets_requests_end_first(world: World, leader: Machine) -> None:
    leader.haproxy.requests = 1
    tomcat = leader.engine
    leader.stop()
    world.run(timings.DRAIN_LIMIT - 1)
    assert not tomcat.received
    assert not leader.haproxy.ready["engine/active"], "new requests are refused"
    leader.haproxy.requests = 0
    world.run(0.2)
    assert tomcat.received


def test_handover_does_not_wait_for_requests_forever(world: World, leader: Machine) -> None:
    leader.haproxy.requests = 1
    tomcat = leader.engine
    leader.stop()
    world.run(timings.DRAIN_LIMIT + 0.2)
    assert tomcat.received


def test_stubborn_engine_delays_the_release(world: World, leader: Machine) -> None:
    leader.engine.stop_seconds = 600.0
    tomcat = leader.engine
    leader.stop()
    took = seconds_until_start(world)
    assert not tomcat.alive
    assert timings.STOP_LIMIT <= took <= timings.STOP_LIMIT + timings.CONTEST_INTERVAL + ROUND_TRIPS


def test_slow_answers_do_not_extend_the_lease(world: World, leader: Machine) -> None:
    """The lease counts from the request, however late the answer was."""
    leader.link.answer_seconds = 1.0
    world.run(7.0)
    assert leader.active, "an answer within the lease keeps it"
    leader.link.cut()
    assert world.run(timings.LEASE, until=lambda: leader.engine.received)
    assert world.scheduler.now == pytest.approx(leader.granted_until)


def test_late_answer_to_the_lock_does_not_extend_the_first_lease() -> None:
    with World() as world:
        machine = world.add_machine()
        machine.link.answer_seconds = 1.0
        assert world.run(20.0, until=lambda: machine.lease is not None)
        assert machine.granted_until == pytest.approx(world.scheduler.now + timings.LEASE - 1.0, abs=0.01)
        machine.link.cut()
        world.run(2 * timings.LEASE)


def test_answers_slower_than_the_lease_end_it(world: World, leader: Machine) -> None:
    tomcat = leader.engine
    leader.link.answer_seconds = timings.LEASE
    world.run(2 * timings.LEASE + timings.KILL_GRACE)
    assert not tomcat.alive


@pytest.mark.parametrize("stop_seconds", [0.1, 600.0])
def test_silent_database_ends_the_engine_before_the_next_one(
    world: World, leader: Machine, standby: Machine, stop_seconds: float
) -> None:
    tomcat = leader.engine
    tomcat.stop_seconds = stop_seconds
    leader.link.cut()
    assert world.run(timings.LEASE, until=lambda: tomcat.received)
    assert world.run(timings.KILL_GRACE + timings.KILL_MARGIN, until=lambda: not tomcat.alive)
    took = seconds_until_start(world)
    assert took + timings.LEASE >= timings.FENCING_DELAY
    assert standby.engine.epoch == 2


@pytest.mark.parametrize("stop_seconds", [0.1, 600.0])
def test_loop_that_hangs_cannot_keep_the_engine(world: World, leader: Machine, stop_seconds: float) -> None:
    tomcat = leader.engine
    tomcat.stop_seconds = stop_seconds
    leader.hang()
    assert world.run(timings.LEASE, until=lambda: tomcat.received)
    assert world.run(timings.KILL_GRACE + 0.01, until=lambda: not tomcat.alive)
    seconds_until_start(world)


@pytest.mark.parametrize("seconds", [4.0, 10.0, 3600.0])
def test_frozen_leader_wakes_up_fenced(world: World, leader: Machine, standby: Machine, seconds: float) -> None:
    tomcat = leader.engine
    tomcat.stop_seconds = 600.0
    leader.freeze()
    world.run(min(seconds, 12.0))
    # Who sleeps longer wakes up to the same, but to a later time.
    leader.clock_offset += max(0.0, seconds - 12.0)
    leader.thaw()
    world.run(0.01)
    assert not tomcat.alive, "nobody waits for an engine that should have ended long ago"
    world.settle()
    assert world.leader is standby or seconds < timings.SERVER_IDLE_LIMIT
    assert [tomcat.epoch for tomcat in world.starts] == [1, 2]


def test_leader_stopped_while_it_waits_does_not_vouch_for_the_one_before(world: World, leader: Machine) -> None:
    """Its own engine never ran, but that of the leader before it may be alive."""
    leader.freeze()
    assert world.run(20.0, until=lambda: world.leader not in {None, leader})
    second = world.leader
    assert second is not None
    world.run(1.0)
    third = world.add_machine()
    second.stop()
    took = seconds_until_start(world)
    assert world.leader is third
    assert took >= timings.FENCING_DELAY
    assert third.engine.epoch == 3


def test_leader_gives_up_as_soon_as_a_later_epoch_leads(world: World, leader: Machine) -> None:
    """For instance because the database was restored from a backup, with the lock free, and written to."""
    world.run(1.0)
    assert world.server.row is not None
    tomcat = leader.engine
    world.server.row["epoch"] += 1
    assert world.run(timings.HEARTBEAT + 0.1, until=lambda: tomcat.received)
    seconds_until_start(world)
    assert world.starts[-1].epoch == 3


@pytest.mark.parametrize("crash", [False, True])
def test_database_that_restarts_ends_the_leadership(world: World, leader: Machine, crash: bool) -> None:
    world.run(1.0)
    tomcat = leader.engine
    world.server.restart(crash=crash)
    assert world.run(timings.HEARTBEAT + 0.1, until=lambda: tomcat.received)
    assert world.run(ROUND_TRIPS, until=lambda: not leader.haproxy.ready["own/tomcat"]), "it takes no requests"
    took = seconds_until_start(world) + ROUND_TRIPS
    assert took >= timings.FENCING_DELAY
    assert world.starts[-1].epoch == 2
    world.settle()


def test_crash_after_a_handover_remembers_the_release(world: World, leader: Machine, standby: Machine) -> None:
    standby.link.cut()
    leader.stop()
    assert world.run(10.0, until=lambda: leader.exit is not None)
    world.server.restart(crash=True)
    assert world.server.row is not None
    assert world.server.row["released"]


def test_heartbeats_come_as_often_as_documented(world: World, leader: Machine) -> None:
    for _ in range(20):
        world.run(0.1)
        assert leader.granted_until > world.scheduler.now + timings.LEASE - timings.HEARTBEAT - 0.01
    leader.link.request_seconds = leader.link.answer_seconds = 0.2
    for _ in range(20):
        world.run(0.1)
        assert leader.granted_until > world.scheduler.now + timings.LEASE - timings.HEARTBEAT - 0.41


@pytest.mark.parametrize("stop_seconds", [0.1, 600.0])
def test_engine_is_restarted_after_three_bad_answers(world: World, leader: Machine, stop_seconds: float) -> None:
    tomcat, epoch = leader.engine, leader.engine.epoch
    tomcat.behavior, tomcat.stop_seconds = "fails", stop_seconds
    assert world.run(3 * timings.PROBE_INTERVAL + 0.1, until=lambda: tomcat.received)
    assert tomcat.answers.count(False) == timings.PROBE_FAILURES
    assert not leader.haproxy.ready["own/tomcat"], "no request reaches an engine that is being stopped"
    world.settle()
    assert leader.engine is not tomcat
    assert leader.engine.epoch == epoch, "the same leader, with the same lock"


def test_bad_answers_with_good_ones_between_do_not_add_up(world: World, leader: Machine) -> None:
    tomcat = leader.engine
    for _ in range(3):
        for behavior, answers in (("fails", timings.PROBE_FAILURES - 1), ("good", 1)):
            tomcat.behavior = behavior
            del tomcat.answers[:]
            assert world.run(10.0, until=lambda count=answers: len(tomcat.answers) == count)
    world.run(3.0)
    assert leader.engine is tomcat
    assert not tomcat.received
    assert leader.answer()[0] == 200


def test_engine_that_ends_is_restarted(world: World, leader: Machine) -> None:
    leader.engine.crash()
    took = seconds_until_start(world)
    assert timings.RESTART_PAUSE <= took <= timings.RESTART_PAUSE + 2 * ROUND_TRIPS
    assert leader.engine.epoch == 1


def test_engine_that_lost_a_session_is_restarted(world: World, leader: Machine) -> None:
    tomcat = leader.engine
    world.server.end(tomcat.sessions[0], by_server=False)
    world.run(3 * timings.SESSION_INTERVAL)
    assert not tomcat.received, "a pool may close a session"
    world.run(2 * timings.SESSION_LOSS_WINDOW)
    world.server.end(tomcat.sessions[0], by_server=True)
    assert world.run(2 * timings.SESSION_INTERVAL, until=lambda: tomcat.received)
    world.settle()


def test_task_whose_engine_never_starts_lets_others_lead(world: World, leader: Machine, standby: Machine) -> None:
    world.next_behavior = "fails"
    leader.engine.crash()
    assert world.run(60.0, until=lambda: len(world.starts) == timings.ENGINE_STARTS)
    world.next_behavior = "good"
    given_up_at = world.scheduler.now
    world.settle()
    assert world.leader is standby
    standby.stop()
    assert world.run(10.0, until=lambda: standby.exit is not None)
    world.run(timings.ROW_INTERVAL + timings.HEALTH_INTERVAL + 0.5)
    assert leader.answer()[1]["reason"] == "no task leads"
    took = seconds_until_start(world, 2 * timings.GIVE_UP_PAUSE) + (world.scheduler.now - given_up_at)
    assert took >= timings.GIVE_UP_PAUSE
    assert world.leader is leader


def test_failures_of_an_engine_that_ran_well_for_long_are_forgotten(
    world: World, leader: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timings, "ENGINE_STABLE", 6.0)
    for _ in range(timings.ENGINE_STARTS):
        world.run(timings.ENGINE_STABLE)
        leader.engine.crash()
        took = seconds_until_start(world)
        assert took <= timings.RESTART_PAUSE + 2 * ROUND_TRIPS
        world.settle()
    assert world.leader is leader


def test_standby_follows_without_redis(world: World, leader: Machine) -> None:
    world.redis.up = False
    world.redis.flush()
    leader.die()
    third = world.add_machine()
    world.settle(timings.FENCING_DELAY + START + 2 * timings.HEALTH_INTERVAL + timings.ROW_INTERVAL + ROUND_TRIPS)
    assert third.answer()[1]["leader"]["epoch"] == 2


def test_leader_renews_its_key(world: World, leader: Machine) -> None:
    for _ in range(3):
        assert leader.active
        world.run(timings.ANNOUNCE_INTERVAL)
        assert world.redis.left > timings.LEADER_KEY_LIFE - timings.ANNOUNCE_INTERVAL - ROUND_TRIPS


def test_old_message_does_not_lead_a_standby_astray(world: World, leader: Machine) -> None:
    old = world.redis.published[-1]
    third = world.add_machine()
    world.settle()
    leader.die()
    world.settle()
    follower = third if world.leader is not third else next(m for m in world.running if m is not third)
    for _ in range(10):
        world.redis.deliver(old)
        world.run(timings.ROW_INTERVAL / 2)
        assert follower.answer()[1]["leader"]["epoch"] == 2
    assert world.served(follower)


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
def test_clock_of_the_database_decides_nothing(world: World, leader: Machine, standby: Machine, seconds: float) -> None:
    world.redis.up = False
    world.run(timings.LEADER_KEY_LIFE + 1)
    # The last heartbeat has the time before the jump.
    leader.link.cut()
    world.server.clock_offset += seconds
    for _ in range(10):
        world.run(timings.ROW_INTERVAL / 5)
        assert standby.answer()[0] == 200
        assert standby.answer()[1]["leader"]["age_seconds"] >= 0.0
    leader.link.mend()
    world.run(3.0)
    assert world.leader is leader
    assert not leader.engine.received


def test_rotated_password_ends_a_standby_but_no_leader(
    world: World, leader: Machine, standby: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timings, "LOGIN_INTERVAL", (3.0, 4.0))
    world.server.end(next(s for s in world.server.sessions if s.machine is standby), by_server=True)
    world.run(1.0)
    world.server.password_is_right = False
    standby.stopping = True
    world.run(6.0, until=lambda: standby.exit is not None)
    assert standby.exit == 3
    world.run(4.0)
    assert leader.active


def test_task_without_haproxy_ends(world: World, standby: Machine) -> None:
    standby.stopping = True
    assert standby.haproxy.process is not None
    standby.haproxy.process.exit(1)
    world.run(30.0, until=lambda: standby.exit is not None)
    assert standby.exit == 4


def test_two_messages_lost_in_a_row_do_not_end_a_leadership(world: World, leader: Machine) -> None:
    leader.link.cut()
    world.run(2 * timings.HEARTBEAT)
    leader.link.mend()
    world.run(5.0)
    assert not leader.engine.received


def test_new_leader_fences_at_once(world: World, leader: Machine) -> None:
    """It does not wait for the fencing delay, nor for the engine of a leader that hangs."""
    user = leader.engine.user
    leader.freeze()
    assert world.run(20.0, until=lambda: world.leader not in {None, leader})
    world.run(ROUND_TRIPS)
    assert world.server.listed(user) == []


def test_login_under_way_is_fenced_too(world: World, leader: Machine) -> None:
    """A session that was still logging in when the new leader fenced appears before its engine starts."""
    world.login_seconds = timings.SERVER_IDLE_LIMIT + timings.FENCING_DELAY / 2
    sessions = len(world.server.listed(leader.engine.user))
    world.server.end(leader.engine.sessions[0], by_server=False)
    world.run(0.3)
    assert len(world.server.listed(leader.engine.user)) == sessions - 1
    leader.freeze()
    assert world.run(20.0, until=lambda: world.leader not in {None, leader})
    world.run(timings.FENCING_DELAY / 2 + 1.0)
    assert world.server.listed(leader.engine.user), "it has appeared"
    seconds_until_start(world)


def test_leadership_is_not_given_up_before_the_engine_has_ended() -> None:
    """HAProxy's runtime API fails when requests are to be sent to the engine, and answers again."""
    with World(1, start_seconds=START) as world:
        machine = world.machines[0]
        assert world.run(10.0, until=lambda: machine.tomcat and machine.tomcat.deployed)
        machine.haproxy.failing_calls = API_ATTEMPTS
        machine.stopping = True
        world.run(10.0, until=lambda: machine.exit is not None)
        assert machine.exit == 4
        assert world.server.row is not None
        assert world.server.row["released"]


def test_handover_ends_when_the_lock_is_lost(world: World, leader: Machine) -> None:
    leader.haproxy.requests = 1
    leader.stop()
    world.run(1.0)
    assert world.server.leader is not None
    world.server.end(world.server.leader, by_server=True)
    assert world.run(timings.LEASE, until=lambda: leader.exit is not None)


def test_supervisor_that_hangs_is_unhealthy(world: World, standby: Machine) -> None:
    standby.hang()
    world.run(timings.HEALTH_AGE_LIMIT + 0.1)
    assert standby.answer()[1]["reason"] == "the supervisor has not looked for too long"
