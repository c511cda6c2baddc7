"""An AWS call whose errors are observations: what fails while an environment settles may succeed a moment later."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from integration_tests.waiting import Observation


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
