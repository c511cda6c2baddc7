"""Checks of the engine: it runs a process, and every task knows the same session."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from integration_tests.aws_call import catch_aws_errors
from integration_tests.engine import DESIGN, WORK, Credentials, Engine, Reply, case_ids
from integration_tests.failure import CheckFailed, check_failure, probe_failure
from integration_tests.http_client import REQUEST_SECONDS
from integration_tests.specification import TASK, Specification, leftovers, new_specification
from integration_tests.waiting import Deadline, ProbeResult

STEP_SECONDS = 2.0
"""Time allowed for a step that starts after the deadline, because the first one started before it."""
CLEANING_SECONDS = 1.0
"""Limit of each clean-up call; clean-up ends at the first call without a response."""
WORK_ITEM_SECONDS = 10.0
"""How long a new case's work item may take to appear."""
EVERY_TASK_SECONDS = 15.0
"""How long to open connections until every task has answered one."""
MOST_AT_ONCE = 12


class Session:
    """A session with the engine. Steps run in order, and the first that fails raises CheckFailed."""

    def __init__(self, engine: Engine, handle: str, *, opened_by: str, deadline: Deadline, next_steps: str) -> None:
        self.engine = engine
        self._deadline = deadline
        self.opened_by = opened_by
        """The task that opened the session."""
        self.next_steps = next_steps
        self._handle = {"sessionHandle": handle}
        self._done = ["connect"]

    def step(self, interface: str, action: str, parameters: dict[str, str] | None = None) -> Reply:
        """Make a call that must succeed; raise CheckFailed otherwise."""
        seconds = max(self._deadline.probe_timeout(REQUEST_SECONDS), STEP_SECONDS)
        reply = self.call(interface, action, parameters, seconds=seconds)
        if reply.fault:
            raise check_failure(
                title=f"The engine cannot run a process: {action} failed.",
                asked=f"POST {self.engine.client.url}{interface} action={action}, once",
                wanted="200, <response> without <failure>",
                got=[reply.fault],
                last=[
                    str(reply.response),
                    *(f"  {line}" for line in reply.response.details),
                    f"steps before: {', '.join(self._done)}",
                ],
                next_steps=[self.next_steps],
            )
        self._done.append(action)
        return reply

    def call(
        self,
        interface: str,
        action: str,
        parameters: dict[str, str] | None = None,
        *,
        seconds: float = CLEANING_SECONDS,
    ) -> Reply:
        """Make a call whose failure the caller handles."""
        return self.engine.ask(interface, action, {**self._handle, **(parameters or {})}, seconds=seconds)[0]

    def call_in_parallel(self, interface: str, action: str, *, times: int, seconds: float) -> list[Reply]:
        """Make the same call over several connections at once."""
        return self.engine.ask(interface, action, self._handle, times=times, seconds=seconds)


@contextmanager
def session(
    engine: Engine, credentials: Credentials, *, deadline: Deadline, next_steps: str
) -> Generator[Session, None, None]:
    """Open a session, retrying until the deadline, and always close it."""
    replies: list[Reply] = []

    def probe() -> ProbeResult:
        reply = engine.connect(credentials, seconds=deadline.probe_timeout(REQUEST_SECONDS))
        replies.append(reply)
        if not reply.fault and not reply.text:
            return ProbeResult(fault="the engine returned no session handle", text=str(reply.response))
        return reply.probe_result()

    history = deadline.poll(probe)
    if not history.reached:
        raise probe_failure(
            title="Cannot sign in to the engine.",
            asked=f"POST {engine.client.url}{DESIGN} action=connect as {credentials.username}",
            wanted="200, <response> with a session handle",
            history=history,
            next_steps=[next_steps, "the running tasks may have been started with older credentials"],
        )
    connected = replies[-1]
    opened = Session(
        engine, connected.text, opened_by=connected.response.task, deadline=deadline, next_steps=next_steps
    )
    try:
        yield opened
    except BaseException:
        opened.call(DESIGN, "disconnect")
        raise
    opened.step(DESIGN, "disconnect")


def engine_runs_a_process(engine: Engine, credentials: Credentials, *, deadline: Deadline, next_steps: str) -> None:
    """Upload, start, cancel and unload a small process; raise CheckFailed at the first failure. Cleans up."""
    with session(engine, credentials, deadline=deadline, next_steps=next_steps) as opened:
        _clear_leftovers(opened)
        specification = new_specification()
        try:
            opened.step(DESIGN, "upload", {"specXML": specification.xml})
            case = opened.step(WORK, "launchCase", specification.parameters).text
            _work_item_appears(opened, case, deadline=deadline.capped(WORK_ITEM_SECONDS))
            opened.step(WORK, "cancelCase", {"caseID": case})
            opened.step(DESIGN, "unload", specification.parameters)
        except CheckFailed as failure:
            left = _remove(opened, specification)
            if left:
                raise CheckFailed(f"{failure}\n  {'left':<8}{left}") from None
            raise
        except BaseException:
            _remove(opened, specification)
            raise


def every_task_knows_the_session(
    engine: Engine,
    credentials: Credentials,
    *,
    healthy_targets: Callable[[], int],
    deadline: Deadline,
    next_steps: str,
) -> None:
    """Open connections until every task has answered one; raise CheckFailed if a task does not know the session.

    A session exists in the memory of one engine only. A task that does not know it forwards to another engine: then
    two engines are active, and they corrupt each other's data.
    """
    with session(engine, credentials, deadline=deadline, next_steps=next_steps) as opened:
        seen: set[str] = {opened.opened_by} - {""}
        short = deadline.capped(EVERY_TASK_SECONDS)

        def probe() -> ProbeResult:
            targets = max(1, healthy_targets())
            replies = opened.call_in_parallel(
                WORK,
                "checkConnection",
                times=min(MOST_AT_ONCE, 2 * targets),
                seconds=short.probe_timeout(REQUEST_SECONDS),
            )
            unknown = next((reply for reply in replies if reply.refused), None)
            if unknown:
                task = unknown.response.task or "without a name"
                return ProbeResult(
                    fault=f"task {task} does not know the session: {unknown.fault}",
                    text=str(unknown.response),
                    details=unknown.response.details,
                    final=True,
                )
            seen.update(reply.response.task for reply in replies if not reply.fault and reply.response.task)
            bad = next((reply for reply in replies if reply.fault), None)
            fault = None if len(seen) >= targets else f"only {len(seen)} of {targets} healthy tasks have answered"
            if bad:
                fault = bad.fault
            elif not all(reply.response.task for reply in replies):
                fault = "a response does not name its task (X-Yawl-Task)"
            worst = bad or replies[-1]
            return ProbeResult(fault=fault, text=str(worst.response), details=(f"seen: {', '.join(sorted(seen))}",))

        history = short.poll(lambda: catch_aws_errors(probe))
        if history.reached:
            return
        two = history.last[-1][1].final
        raise probe_failure(
            title="Two tasks do not share a session: more than one engine is active."
            if two
            else "Not every task could be reached with the session.",
            asked=f"POST {engine.client.url}{WORK} action=checkConnection, opened through {opened.opened_by}",
            wanted="<success/> from every healthy target",
            history=history,
            next_steps=[
                *(["stop all tasks of the service but one, before they corrupt the database"] if two else []),
                next_steps,
            ],
        )


def _work_item_appears(opened: Session, case: str, *, deadline: Deadline) -> None:
    def probe() -> ProbeResult:
        parameters = {"idType": "case", "id": case}
        seconds = deadline.probe_timeout(REQUEST_SECONDS)
        reply = opened.call(WORK, "getWorkItemsWithIdentifier", parameters, seconds=seconds)
        items = [item.findtext("taskid") for item in reply.content.iter("workItem")]
        fault = reply.fault or (None if TASK in items else f"the case has no work item of task {TASK}")
        return ProbeResult(fault=fault, text=str(reply.response), details=reply.response.details, final=reply.refused)

    history = deadline.poll(probe)
    if not history.reached:
        raise probe_failure(
            title=f"The engine launched case {case}, but its work item does not appear.",
            asked=f"POST {opened.engine.client.url}{WORK} action=getWorkItemsWithIdentifier of case {case}",
            wanted=f"a workItem of task {TASK}",
            history=history,
            next_steps=[opened.next_steps],
        )


def _clear_leftovers(opened: Session) -> None:
    """Remove what aborted runs left behind. Failures are ignored: they say nothing about this release."""
    loaded = opened.call(WORK, "getSpecificationPrototypesList")
    for specification in leftovers(loaded.content):
        _remove(opened, specification)


def _remove(opened: Session, specification: Specification) -> str:
    """Cancel a specification's cases and unload it; return a description of what may be left.

    The cases are listed first, because a lost response did not say which case it launched.
    """
    what = f"specification {specification.identifier}"
    later = "the next run of these tests after an hour removes it"
    running = opened.call(WORK, "getAllRunningCases")
    if running.response.problem:
        return f"perhaps {what}: {running.fault}; {later}"
    cases = case_ids(running.content, [specification.identifier])
    stuck = [case for case in cases if opened.call(WORK, "cancelCase", {"caseID": case}).fault]
    unloaded = opened.call(DESIGN, "unload", specification.parameters)
    if not unloaded.fault and not stuck:
        return ""
    loaded = opened.call(WORK, "getSpecificationPrototypesList")
    if not loaded.fault and specification.identifier not in {element.text for element in loaded.content.iter()}:
        return ""
    return "; ".join(
        [what, *(f"case {case}" for case in stuck), unloaded.fault or "its cases are still running", later]
    )
