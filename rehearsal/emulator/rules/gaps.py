"""Gaps of the emulator: reported as such, so that nobody mistakes them for a failure of the release.

A handler that raises a programming error got input it does not support. A custom resource's function that needs a
library which the emulator lacks might succeed at AWS.
"""

import json
import re
from typing import Any

from rehearsal.emulator.internals import custom_resource, lambdas
from rehearsal.emulator.rules.refusal import NotEmulated
from rehearsal.errors import NOT_EMULATED

BROKEN = (AttributeError, IndexError, KeyError, NotImplementedError, TypeError)
"""Errors of handlers that do not support their input; a refusal is a ValueError."""
MISSING = re.compile(r"Cannot find (?:module|package) '([^']+)'|No module named '([^']+)'")
"""Messages of Node and Python for a missing library; AWS's runtimes include its SDK."""
NO_ANSWER = "CloudFormation did not receive a response from your Custom Resource"
"""CloudFormation's message for a custom resource whose function sent no response in time."""


def broken(resource_type: str, error: Exception) -> NotEmulated:
    """Return the error for a handler that failed."""
    return NotEmulated(f"the handler of {resource_type} failed with {type(error).__name__}: {error}")


def register() -> None:
    """Fail a custom resource as soon as its function fails; ministack would wait an hour for the response."""
    above = lambdas._execute_function_with_config_scope

    def execute(record: dict[str, Any], event: dict[str, Any], *rest: Any) -> dict[str, Any]:
        result = above(record, event, *rest)
        if isinstance(event, dict) and "ResponseURL" in event and result.get("error"):
            output = f"{json.dumps(result.get('body'), default=str)} {result.get('log', '')}"
            missing = MISSING.search(output)
            library = missing and (missing[1] or missing[2])
            reason = (
                f"{NOT_EMULATED}: the function of {event['LogicalResourceId']} needs {library}, which it lacks"
                if library
                else f"{NO_ANSWER}: its function failed: {output[:300]}"
            )
            token = event["ResponseURL"].rpartition("/")[2].partition("?")[0]
            custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
        return result

    lambdas._execute_function_with_config_scope = execute
