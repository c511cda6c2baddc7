"""Any faults in any order: one writer, leases that end in time, and health that tells the truth.

Two or three real tasks run in virtual time (`simulation`), and hypothesis chooses what happens to them. `World` checks
at each step what must always hold; at the end all faults end, and every task must serve again.

In the Synth action the examples are few and always the same. CONTRIBUTING.md says how to draw
new ones for some minutes.
"""

from typing import Final, get_args

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from typing_extensions import override

from tests.unit.container.simulation.engine import Behavior
from tests.unit.container.simulation.machine import Machine
from tests.unit.container.simulation.world import World

MAXIMUM: Final = 3
"""Tasks at once."""
WHO: Final = st.integers(0, MAXIMUM - 1)
SECONDS: Final = st.sampled_from([0.05, 0.3, 0.9, 2.2, 4.5])
DELAYS: Final = st.sampled_from([0.2, 0.7, 1.4, 2.4])
"""Of messages, in seconds; a lease takes 2.5 s."""


class Leadership(RuleBasedStateMachine):
    """Two or three tasks, and what can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(start_seconds=1.0).__enter__()

    @initialize(tasks=st.integers(2, MAXIMUM), seconds=st.sampled_from([0.0, 0.3, 6.0]))
    def start(self, tasks: int, seconds: float) -> None:
        for _ in range(tasks):
            self.world.add_machine()
        self.world.run(seconds)

    def any_of(self, number: int) -> Machine | None:
        """Number 0 is the task that holds the lock, if there is one."""
        running = sorted(self.world.running, key=lambda machine: machine is not self.world.leader)
        return running[number % len(running)] if running else None

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(who=WHO)
    def dies(self, who: int) -> None:
        if machine := self.any_of(who):
            machine.die()

    @rule(who=WHO)
    def is_stopped(self, who: int) -> None:
        if machine := self.any_of(who):
            machine.stop()

    @precondition(lambda self: len(self.world.running) < MAXIMUM)
    @rule()
    def starts(self) -> None:
        self.world.add_machine()

    @rule(who=WHO, seconds=SECONDS, hangs=st.booleans())
    def is_frozen(self, who: int, seconds: float, hangs: bool) -> None:
        """All of a task is stopped, or its loop alone hangs; then it goes on."""
        if machine := self.any_of(who):
            machine.hang() if hangs else machine.freeze()
            self.world.run(seconds)
            machine.thaw()

    @rule(who=WHO, answers_only=st.booleans())
    def loses_the_database(self, who: int, answers_only: bool) -> None:
        if machine := self.any_of(who):
            machine.link.cut(answers_only=answers_only)

    @rule(who=WHO, request=DELAYS, answer=DELAYS)
    def messages_are_late(self, who: int, request: float, answer: float) -> None:
        if machine := self.any_of(who):
            machine.link.request_seconds, machine.link.answer_seconds = request, answer

    @rule(who=WHO)
    def network_is_mended(self, who: int) -> None:
        if machine := self.any_of(who):
            machine.link.mend()
            machine.redis_cut = False

    @rule(crash=st.booleans(), seconds=SECONDS)
    def database_restarts(self, crash: bool, seconds: float) -> None:
        self.world.server.restart(crash=crash)
        self.world.server.up = False
        self.world.run(seconds)
        self.world.server.up = True

    @rule(number=st.integers(0, 9))
    def database_ends_a_session(self, number: int) -> None:
        if sessions := self.world.server.sessions:
            self.world.server.end(sessions[number % len(sessions)], by_server=True)

    @rule(seconds=st.sampled_from([-3600.0, -1.0, 1.0, 3600.0]))
    def clock_of_the_database_jumps(self, seconds: float) -> None:
        self.world.server.clock_offset += seconds

    @rule(who=WHO, behavior=st.sampled_from(get_args(Behavior)))
    def engine_behaves(self, who: int, behavior: Behavior) -> None:
        if (machine := self.any_of(who)) and machine.tomcat is not None:
            machine.tomcat.behavior = behavior

    @rule(who=WHO)
    def engine_ends(self, who: int) -> None:
        if (machine := self.any_of(who)) and machine.tomcat is not None:
            machine.tomcat.crash()

    @rule(behavior=st.sampled_from(get_args(Behavior)), stop_seconds=st.sampled_from([0.1, 2.0, 600.0]))
    def next_engines_behave(self, behavior: Behavior, stop_seconds: float) -> None:
        self.world.next_behavior, self.world.stop_seconds = behavior, stop_seconds

    @rule(who=WHO)
    def loses_redis(self, who: int) -> None:
        if machine := self.any_of(who):
            machine.redis_cut = True

    @rule(up=st.booleans(), flush=st.booleans(), delay=DELAYS)
    def redis_fails(self, up: bool, flush: bool, delay: float) -> None:
        self.world.redis.up, self.world.redis.delay = up, delay
        if flush:
            self.world.redis.flush()

    @rule(number=st.integers(0, 20))
    def old_message_arrives(self, number: int) -> None:
        if published := self.world.redis.published:
            self.world.redis.deliver(published[number % len(published)])

    @override
    def teardown(self) -> None:
        try:
            self.world.mend()
            if not [machine for machine in self.world.running if not machine.stopping]:
                self.world.add_machine()
            self.world.settle()
        finally:
            self.world.__exit__()


TestLeadership = Leadership.TestCase
TestLeadership.settings = (
    hypothesis.settings(hypothesis.settings.get_profile("long"), stateful_step_count=40)
    if hypothesis.settings.get_current_profile_name() == "long"
    else hypothesis.settings(
        max_examples=15, stateful_step_count=12, derandomize=True, database=None, phases=[hypothesis.Phase.generate]
    )
)
