"""Gaps of the emulator: reported as such, so that nobody mistakes them for a failure of the release.

A handler that raises a programming error got input it does not support. A function that needs a runtime, or a library
of one, which the emulator lacks might succeed at AWS.
"""

import json
import re
from typing import Any

from rehearsal.emulator.internals import custom_resource, lambdas
from rehearsal.emulator.rules.refusal import NotEmulated
from rehearsal.errors import CUSTOM_RESOURCE_NOT_EMULATED
from rehearsal.process.lambda_runtimes import lacking

BROKEN = (AttributeError, IndexError, KeyError, NotImplementedError, TypeError)
"""Errors of handlers that do not support their input; a refusal is a ValueError."""
MISSING = re.compile(
    r"Cannot find (?:module|package) '((?:@aws-sdk|@aws|@smithy)/[^']+|aws-sdk[^']*)'"
    r"|No module named '(awslambdaric|snapshot_restore_py)[^']*'"
)
"""Messages of Node and Python for a missing library that AWS's runtimes include. Without another one, AWS fails too."""
NO_ANSWER = "CloudFormation did not receive a response from your Custom Resource"
"""CloudFormation's message for a custom resource whose function sent no response in time."""


def broken(resource_type: str, error: Exception) -> NotEmulated:
    """Return the error for a handler that failed."""
    return NotEmulated(f"the handler of {resource_type} failed with {type(error).__name__}: {error}")


def register() -> None:
    """Fail functions without code, and a custom resource as soon as its function fails.

    ministack would answer for such functions as if they had succeeded, and wait an hour for a response.
    """
    above = lambdas._execute_function_with_config_scope

    def execute(record: dict[str, Any], event: dict[str, Any], *rest: Any) -> dict[str, Any]:
        result = above(record, event, *rest)
        if not record.get("code_zip") and record["config"].get("PackageType") != "Image":
            # ministack would answer for it.
            result = {"error": True, "body": {"errorMessage": "its code is not in the bucket that its template names"}}
        if isinstance(event, dict) and "ResponseURL" in event and result.get("error"):
            output = f"{json.dumps(result.get('body'), default=str)} {result.get('log', '')}"
            needed = _lacking(record["config"], output)
            reason = (
                f"{CUSTOM_RESOURCE_NOT_EMULATED} {event['LogicalResourceId']} needs {needed}"
                if needed
                else f"{NO_ANSWER}: its function failed: {output[:300]}"
            )
            token = event["ResponseURL"].rpartition("/")[2].partition("?")[0]
            custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
        return result

    lambdas._execute_function_with_config_scope = execute


def _lacking(config: dict[str, Any], output: str) -> str:
    """Return what a failed function needs and the emulator does not have; empty if AWS would fail it too."""
    missing = MISSING.search(output)
    library = f"{missing[1] or missing[2]}, which Lambda has and the rehearsal lacks" if missing else ""
    return lacking(config) or library
