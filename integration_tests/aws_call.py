"""An AWS call whose errors are observations: what fails while an environment settles may succeed a moment later."""

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
    """Look until the state is as wanted and return the last look in a line; raise CheckFailed otherwise."""
    history = deadline.poll(lambda: catch_aws_errors(probe))
    if not history.reached:
        raise probe_failure(title=title, asked=asked, wanted=wanted, history=history, next_steps=next_steps)
    return history.last[-1][1].text


def catch_aws_errors(probe: Callable[[], ProbeResult]) -> ProbeResult:
    """Look through AWS calls; an error they end in becomes the result's fault.

    Throttling, time-outs and permissions that have not spread yet pass with time; missing credentials do not.
    """
    try:
        return probe()
    except NoCredentialsError as error:
        return ProbeResult(fault=str(error), text=str(error), final=True)
    except ClientError as error:
        answer = error.response
        fault = f"{answer.get('Error', {}).get('Code', 'Unknown')} from {error.operation_name}"
        request_id = answer.get("ResponseMetadata", {}).get("RequestId", "not told")
        return ProbeResult(
            fault=fault,
            text=fault,
            details=(answer.get("Error", {}).get("Message", "without a message"), f"request id {request_id}"),
        )
    except BotoCoreError as error:
        return ProbeResult(fault=type(error).__name__, text=str(error))
