"""CodePipeline's jobs: what Lambda functions ask and report of the actions that invoked them.

The rehearsal invokes the functions, announces each job before, and reads the results under `jobs` at `/_rehearsal/`.
"""

from typing import Any

ACTIONS = ("GetJobDetails", "PutJobSuccessResult", "PutJobFailureResult")

announced: dict[str, dict[str, Any]] = {}
"""By job id: its details, as GetJobDetails returns them."""
results: dict[str, dict[str, Any]] = {}
"""By job id: the request that reported the result."""


def answer(action: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Answer a call of `ACTIONS`, as (status, JSON)."""
    job = request["jobId"]
    if job not in announced:
        return 400, {"__type": "JobNotFoundException", "message": f"Job not found: {job}"}
    if action == "GetJobDetails":
        return 200, {"jobDetails": announced[job]}
    results[job] = request
    return 200, {}
