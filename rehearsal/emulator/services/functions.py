"""Lambda functions that events lead to: run one after the other, tried again when they fail, and waited for.

ministack starts a thread for each event and forgets a failure. In order, a rehearsal says the same every time.
"""

import json
import logging
import queue
import threading
from typing import Any

from rehearsal.emulator.internals import Properties, Provisioned, eventbridge, handlers, lambdas

TRIES = 3
"""Lambda tries an event twice again (Lambda Developer Guide, "Configuring error handling settings")."""

failures: list[str] = []
"""Functions that did not get through with an event, in words."""

_events: queue.Queue[tuple[Any, Any]] = queue.Queue()
_log = logging.getLogger(__name__)


def register() -> None:
    """Have EventBridge put functions in line instead of starting them; keep a new function's dead-letter queue."""
    eventbridge._dispatch_to_lambda = _put_in_line
    create_above = handlers["AWS::Lambda::Function"]["create"]

    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        name, attributes = create_above(logical_id, properties, stack_name)
        if queue_of_failures := properties.get("DeadLetterConfig"):
            lambdas._functions[name]["config"]["DeadLetterConfig"] = queue_of_failures
        return name, attributes

    handlers["AWS::Lambda::Function"]["create"] = create
    threading.Thread(target=_work, daemon=True).start()


def are_idle() -> bool:
    """Return whether every event has been worked on."""
    return _events.unfinished_tasks == 0


def _put_in_line(arn: str, payload: str) -> None:
    function, config, name = lambdas._get_func_record_for_ref(arn)
    if not function:
        failures.append(f"{name}: there is no such function")
        return
    _events.put((lambdas._execution_record_for_config(function, config), json.loads(payload)))


def _work() -> None:
    while True:
        record, event = _events.get()
        try:
            _run(record, event)
        except Exception as error:  # noqa: BLE001 - one event that cannot be worked on must not stop the others
            failures.append(f"{record['config']['FunctionName']}: {error}")
        finally:
            _events.task_done()


def _run(record: dict[str, Any], event: dict[str, Any]) -> None:
    result: dict[str, Any] = {}
    for _ in range(TRIES):
        result = lambdas._execute_function_with_config_scope(record, event)
        if not result.get("error"):
            return
    config = record["config"]
    failures.append(f"{config['FunctionName']}: {json.dumps(result.get('body'), default=str)[:500]}")
    _log.warning("%s failed %d times: %s", config["FunctionName"], TRIES, result.get("log", ""))
    if queue_arn := config.get("DeadLetterConfig", {}).get("TargetArn"):
        lambdas._run_with_function_config_scope(
            record, lambdas._route_async_failure, queue_arn, config["FunctionName"], event, result
        )
