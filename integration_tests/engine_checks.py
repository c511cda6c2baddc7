"""What the engine must do: hold a session that every task knows, take a process in, run it, and let it go."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from integration_tests.aws_call import catch_aws_errors
from integration_tests.engine import DESIGN, WORK, Credentials, Engine, Reply, case_ids
from integration_tests.failure import CheckFailed, check_failure, probe_failure
from integration_tests.http_client import REQUEST_SECONDS
from integration_tests.specification import TASK, Specification, leftovers, new_specification
from integration_tests.waiting import Deadline, ProbeResult

STEP_SECONDS = 2.0
"""What a step may take even when the deadline has passed: the first of them has begun in time."""
CLEANING_SECONDS = 1.0
"""What each call of cleaning up may take; the first that brings no answer ends it."""
WORK_ITEM_SECONDS = 10.0
"""How long a new case's work item may take to show itself."""
EVERY_TASK_SECONDS = 15.0
"""How long connections are opened until every task has answered one."""
MOST_AT_ONCE = 12


class Session:
    """A session with the engine, in which steps are taken one after another; the first that fails is the verdict."""

    def __init__(self, engine: Engine, handle: str, *, opened_by: str, deadline: Deadline, next_steps: str) -> None:
        self.engine = engine
        self._deadline = deadline
        self.opened_by = opened_by
        """The task through which the session was opened."""
        self.next_steps = next_steps
        self._handle = {"sessionHandle": handle}
        self._done = ["connect"]

    def step(self, interface: str, action: str, parameters: dict[str, str] | None = None) -> Reply:
        """Ask for something that must succeed at once; raise CheckFailed when it does not."""
        seconds = max(self._deadline.probe_timeout(REQUEST_SECONDS), STEP_SECONDS)
        reply = self.quietly(interface, action, parameters, seconds=seconds)
        if reply.fault:
            raise check_failure(
                title=f"The engine does not do its work: {action} failed.",
                asked=f"POST {self.engine.client.url}{interface} action={action}, once",
                wanted="200, <response> without <failure>",
                got=[reply.fault],
                last=[
                    str(reply.answer),
                    *(f"  {line}" for line in reply.answer.details),
                    f"done before: {', '.join(self._done)}",
                ],
                next_steps=[self.next_steps],
            )
        self._done.append(action)
        return reply

    def quietly(
        self,
        interface: str,
        action: str,
        parameters: dict[str, str] | None = None,
        *,
        seconds: float = CLEANING_SECONDS,
    ) -> Reply:
        """Ask for something whose failure is for the caller to judge."""
        return self.engine.ask(interface, action, {**self._handle, **(parameters or {})}, seconds=seconds)[0]

    def ask_often(self, interface: str, action: str, *, times: int, seconds: float) -> list[Reply]:
        """Ask the same over several connections at once."""
        return self.engine.ask(interface, action, self._handle, times=times, seconds=seconds)


@contextmanager
def session(
    engine: Engine, credentials: Credentials, *, deadline: Deadline, next_steps: str
) -> Generator[Session, None, None]:
    """Open a session, waiting for the engine to let us in, and close it in any case."""
    replies: list[Reply] = []

    def probe() -> ProbeResult:
        reply = engine.connect(credentials, seconds=deadline.probe_timeout(REQUEST_SECONDS))
        replies.append(reply)
        if not reply.fault and not reply.text:
            return ProbeResult(fault="no session handle was given", text=str(reply.answer))
        return reply.probe_result()

    history = deadline.poll(probe)
    if not history.reached:
        raise probe_failure(
            title="The engine does not let us in.",
            asked=f"POST {engine.client.url}{DESIGN} action=connect as {credentials.username}",
            wanted="200, <response> with a session handle",
            history=history,
            next_steps=[next_steps, "the credentials that the running tasks were started with may be older ones"],
        )
    connected = replies[-1]
    opened = Session(engine, connected.text, opened_by=connected.answer.task, deadline=deadline, next_steps=next_steps)
    try:
        yield opened
    except BaseException:
        opened.quietly(DESIGN, "disconnect")
        raise
    opened.step(DESIGN, "disconnect")


def engine_runs_a_process(engine: Engine, credentials: Credentials, *, deadline: Deadline, next_steps: str) -> None:
    """Take a small process through its life; raise CheckFailed at the first step that fails. Nothing is left behind."""
    with session(engine, credentials, deadline=deadline, next_steps=next_steps) as opened:
        _clear_leftovers(opened)
        specification = new_specification()
        try:
            opened.step(DESIGN, "upload", {"specXML": specification.xml})
            case = opened.step(WORK, "launchCase", specification.parameters).text
            _work_item_shows(opened, case, deadline=deadline.capped(WORK_ITEM_SECONDS))
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
    """Open connections until every task has answered one; raise CheckFailed when a task does not know the session.

    A session lives in the memory of one engine. A task that does not know it asks another engine than the task through
    which it was opened: two are active, and two on one database destroy each other's data.
    """
    with session(engine, credentials, deadline=deadline, next_steps=next_steps) as opened:
        seen: set[str] = {opened.opened_by} - {""}
        short = deadline.capped(EVERY_TASK_SECONDS)

        def probe() -> ProbeResult:
            targets = max(1, healthy_targets())
            replies = opened.ask_often(
                WORK,
                "checkConnection",
                times=min(MOST_AT_ONCE, 2 * targets),
                seconds=short.probe_timeout(REQUEST_SECONDS),
            )
            stranger = next((reply for reply in replies if reply.refused), None)
            if stranger:
                task = stranger.answer.task or "that does not say its name"
                return ProbeResult(
                    fault=f"task {task} does not know the session: {stranger.fault}",
                    text=str(stranger.answer),
                    details=stranger.answer.details,
                    final=True,
                )
            seen.update(reply.answer.task for reply in replies if not reply.fault and reply.answer.task)
            bad = next((reply for reply in replies if reply.fault), None)
            fault = None if len(seen) >= targets else f"{len(seen)} of {targets} healthy tasks have answered"
            if bad:
                fault = bad.fault
            elif not all(reply.answer.task for reply in replies):
                fault = "an answer does not say which task it is from (X-Yawl-Task)"
            worst = bad or replies[-1]
            return ProbeResult(fault=fault, text=str(worst.answer), details=(f"seen: {', '.join(sorted(seen))}",))

        history = short.poll(lambda: catch_aws_errors(probe))
        if history.reached:
            return
        two = history.last[-1][1].final
        raise probe_failure(
            title="A session is not known through every task: more than one engine is active."
            if two
            else "The session could not be tried through every task.",
            asked=f"POST {engine.client.url}{WORK} action=checkConnection, opened through {opened.opened_by}",
            wanted="<success/> from as many tasks as there are healthy targets",
            history=history,
            next_steps=[
                *(["stop the service's tasks but one before they damage the database"] if two else []),
                next_steps,
            ],
        )


def _work_item_shows(opened: Session, case: str, *, deadline: Deadline) -> None:
    def probe() -> ProbeResult:
        parameters = {"idType": "case", "id": case}
        seconds = deadline.probe_timeout(REQUEST_SECONDS)
        reply = opened.quietly(WORK, "getWorkItemsWithIdentifier", parameters, seconds=seconds)
        items = [item.findtext("taskid") for item in reply.content.iter("workItem")]
        fault = reply.fault or (None if TASK in items else f"the case has no work item of task {TASK}")
        return ProbeResult(fault=fault, text=str(reply.answer), details=reply.answer.details, final=reply.refused)

    history = deadline.poll(probe)
    if not history.reached:
        raise probe_failure(
            title=f"The engine launched case {case}, but its work item does not show.",
            asked=f"POST {opened.engine.client.url}{WORK} action=getWorkItemsWithIdentifier of case {case}",
            wanted=f"a workItem of task {TASK}",
            history=history,
            next_steps=[opened.next_steps],
        )


def _clear_leftovers(opened: Session) -> None:
    """Remove what runs that were cut off have left; whether that succeeds says nothing of this release."""
    loaded = opened.quietly(WORK, "getSpecificationPrototypesList")
    for specification in leftovers(loaded.content):
        _remove(opened, specification)


def _remove(opened: Session, specification: Specification) -> str:
    """Cancel a specification's cases and unload it, whatever of that is there; return what may be left, in words.

    The cases are asked for: an answer that was lost on its way did not tell the one it launched.
    """
    what = f"specification {specification.identifier}"
    later = "a run of these tests that starts an hour later removes it"
    running = opened.quietly(WORK, "getAllRunningCases")
    if running.answer.problem:
        return f"perhaps {what}: {running.fault}; {later}"
    cases = case_ids(running.content, [specification.identifier])
    stuck = [case for case in cases if opened.quietly(WORK, "cancelCase", {"caseID": case}).fault]
    unloaded = opened.quietly(DESIGN, "unload", specification.parameters)
    if not unloaded.fault and not stuck:
        return ""
    loaded = opened.quietly(WORK, "getSpecificationPrototypesList")
    if not loaded.fault and specification.identifier not in {element.text for element in loaded.content.iter()}:
        return ""
    return "; ".join([what, *(f"case {case}" for case in stuck), unloaded.fault or "its cases stay", later])
