"""CodePipeline's jobs: what Lambda functions report of the actions that invoked them.

The rehearsal invokes the functions, and reads the results under `jobs` at `/_rehearsal/`.
"""

from typing import Any

ACTIONS = ("PutJobSuccessResult", "PutJobFailureResult")

results: dict[str, dict[str, Any]] = {}
"""By job id: the request that reported the result."""


def answer(request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Record a call of `ACTIONS`; return (status, JSON)."""
    results[request["jobId"]] = request
    return 200, {}
