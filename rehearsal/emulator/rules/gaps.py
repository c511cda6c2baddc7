"""The emulator's own gaps: said as such, so that nobody takes them for the release's failure.

A handler of ours or of ministack's that breaks has met something it was not written for. A function of a custom
resource that needs a library the emulator does not have could run at AWS.
"""

import json
import re
from typing import Any

from rehearsal.emulator.internals import custom_resource, lambdas
from rehearsal.emulator.rules.refusal import NotEmulated
from rehearsal.errors import NOT_EMULATED

BROKEN = (AttributeError, IndexError, KeyError, NotImplementedError, TypeError)
"""What code raises that was not written for its input; a refusal is a ValueError."""
MISSING = re.compile(r"Cannot find (?:module|package) '([^']+)'|No module named '([^']+)'")
"""How Node and Python say that a library is not there; the runtimes of AWS bring its SDK."""
NO_ANSWER = "CloudFormation did not receive a response from your Custom Resource"
"""What becomes of a custom resource whose function ends without an answer, once its time is over."""


def broken(resource_type: str, error: Exception) -> NotEmulated:
    """Return what to say of a handler that broke."""
    return NotEmulated(f"the handler of {resource_type} broke on {type(error).__name__}: {error}")


def register() -> None:
    """Answer at once for a custom resource whose function fails; ministack waits an hour for its answer."""
    above = lambdas._execute_function_with_config_scope

    def execute(record: dict[str, Any], event: dict[str, Any], *rest: Any) -> dict[str, Any]:
        result = above(record, event, *rest)
        if isinstance(event, dict) and "ResponseURL" in event and result.get("error"):
            said = f"{json.dumps(result.get('body'), default=str)} {result.get('log', '')}"
            missing = MISSING.search(said)
            library = missing and (missing[1] or missing[2])
            reason = (
                f"{NOT_EMULATED}: the function of {event['LogicalResourceId']} needs {library}, which is not here"
                if library
                else f"{NO_ANSWER}: its function failed: {said[:300]}"
            )
            token = event["ResponseURL"].rpartition("/")[2].partition("?")[0]
            custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
        return result

    lambdas._execute_function_with_config_scope = execute
