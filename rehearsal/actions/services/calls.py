"""What the actions of this folder share."""

import contextlib
from collections.abc import Generator

from botocore.exceptions import ClientError

from rehearsal.actions.run import ActionFailed, Run, failed
from rehearsal.engine.cloud import Forbidden


@contextlib.contextmanager
def failing(run: Run) -> Generator[None, None, None]:
    """Turn refused and failed calls into the action's failure, and gaps of the emulator into a gap."""
    if run.fail_on_purpose:
        raise ActionFailed("made to fail by --fail")
    try:
        yield
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None
    except ClientError as error:
        message = error.response["Error"].get("Message", str(error))
        raise failed(message) from None
