"""Lambda functions that events invoke: run one after the other, with retries; the rehearsal waits for them.

ministack starts a thread for each event and drops failures. Running them in order makes rehearsals repeatable.
"""

import json
import logging
import queue
import threading
from typing import Any

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, eventbridge, lambdas

TRIES = 3
"""Lambda retries an event twice (Lambda Developer Guide, "Configuring error handling settings")."""

failures: list[str] = []
"""One message for each event that a function failed to process."""

REFUSED = "Runtime.NotRehearsed"
"""The type of the error of a function that cannot run here, which is a gap and no failure."""

_events: queue.Queue[tuple[Any, Any]] = queue.Queue()
_log = logging.getLogger(__name__)


def register() -> None:
    """Have EventBridge queue invocations, and store a new function's dead-letter queue."""
    eventbridge._dispatch_to_lambda = _enqueue
    providers.register(Function("AWS::Lambda::Function"))
    _worker.start()


class Function(providers.Extension):
    """Functions with their dead-letter queue."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        name, attributes = super().create(logical_id, properties, stack_name)
        if dead_letter_queue := properties.get("DeadLetterConfig"):
            lambdas._functions[name]["config"]["DeadLetterConfig"] = dead_letter_queue
        return name, attributes


def are_idle() -> bool:
    """Return whether every event has been processed."""
    return _events.unfinished_tasks == 0


def _enqueue(arn: str, payload: str) -> None:
    function, config, name = lambdas._get_func_record_for_ref(arn)
    if not function:
        failures.append(f"{name}: the function does not exist")
        return
    _events.put((lambdas._execution_record_for_config(function, config), json.loads(payload)))


def _work() -> None:
    while True:
        record, event = _events.get()
        try:
            _run(record, event)
        except Exception as error:  # noqa: BLE001 - one failing event must not stop the others
            failures.append(f"{record['config']['FunctionName']}: {error}")
        finally:
            _events.task_done()


def is_event() -> bool:
    """Return whether this thread processes an event, for which nobody waits."""
    return threading.current_thread() is _worker


def _run(record: dict[str, Any], event: dict[str, Any]) -> None:
    result: dict[str, Any] = {}
    for _ in range(TRIES):
        result = lambdas._execute_function_with_config_scope(record, event)
        if not result.get("error") or _is_refused(result):
            return
    config = record["config"]
    failures.append(f"{config['FunctionName']}: {json.dumps(result.get('body'), default=str)[:500]}")
    _log.warning("%s failed %d times: %s", config["FunctionName"], TRIES, result.get("log", ""))
    if queue_arn := config.get("DeadLetterConfig", {}).get("TargetArn"):
        lambdas._run_with_function_config_scope(
            record, lambdas._route_async_failure, queue_arn, config["FunctionName"], event, result
        )


def _is_refused(result: dict[str, Any]) -> bool:
    body = result.get("body")
    return isinstance(body, dict) and body.get("errorType") == REFUSED


_worker = threading.Thread(target=_work, daemon=True)
