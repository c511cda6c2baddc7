"""An AWS call whose errors are observations: what fails while an environment settles may succeed a moment later."""

from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from integration_tests.failure import screen
from integration_tests.waiting import Observation, Patience


def wait_for(
    look: Callable[[], Observation],
    *,
    title: str,
    asked: str,
    wanted: str,
    patience: Patience,
    look_further: Sequence[str],
) -> str:
    """Look until the state is as wanted and return the last look in a line; raise CheckFailed otherwise."""
    history = patience.until(lambda: observed(look))
    if not history.reached:
        raise screen(title=title, asked=asked, wanted=wanted, history=history, look_further=look_further)
    return history.last[-1][1].text


def observed(look: Callable[[], Observation]) -> Observation:
    """Look through AWS calls; an error they end in becomes the observation's fault.

    Throttling, time-outs and permissions that have not spread yet pass with time; missing credentials do not.
    """
    try:
        return look()
    except NoCredentialsError as error:
        return Observation(fault=str(error), text=str(error), final=True)
    except ClientError as error:
        answer = error.response
        fault = f"{answer.get('Error', {}).get('Code', 'Unknown')} from {error.operation_name}"
        request_id = answer.get("ResponseMetadata", {}).get("RequestId", "not told")
        return Observation(
            fault=fault,
            text=fault,
            details=(answer.get("Error", {}).get("Message", "without a message"), f"request id {request_id}"),
        )
    except BotoCoreError as error:
        return Observation(fault=type(error).__name__, text=str(error))
