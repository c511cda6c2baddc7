"""AWS calls whose errors count as faults of a probe, because they may pass while an environment settles."""

from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from integration_tests.failure import probe_failure
from integration_tests.waiting import Deadline, ProbeResult


def wait_for(
    probe: Callable[[], ProbeResult],
    *,
    title: str,
    asked: str,
    wanted: str,
    deadline: Deadline,
    next_steps: Sequence[str],
) -> str:
    """Poll until the wanted state is reached and return the last result's text; raise CheckFailed otherwise."""
    history = deadline.poll(lambda: catch_aws_errors(probe))
    if not history.reached:
        raise probe_failure(title=title, asked=asked, wanted=wanted, history=history, next_steps=next_steps)
    return history.last[-1][1].text


def catch_aws_errors(probe: Callable[[], ProbeResult]) -> ProbeResult:
    """Turn an AWS error in a probe into the result's fault.

    Throttling, timeouts and permissions that have not propagated yet go away; missing credentials do not.
    """
    try:
        return probe()
    except NoCredentialsError as error:
        return ProbeResult(fault=str(error), text=str(error), final=True)
    except ClientError as error:
        response = error.response
        fault = f"{response.get('Error', {}).get('Code', 'Unknown')} from {error.operation_name}"
        request_id = response.get("ResponseMetadata", {}).get("RequestId", "unknown")
        return ProbeResult(
            fault=fault,
            text=fault,
            details=(response.get("Error", {}).get("Message", "no message"), f"request id {request_id}"),
        )
    except BotoCoreError as error:
        return ProbeResult(fault=type(error).__name__, text=str(error))
