"""Lambda: invokes the deployed function with a job, whose result the function reports to CodePipeline."""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.actions import artifacts
from rehearsal.actions.run import ActionFailed, ActionNotRehearsed, Outcome, Run
from rehearsal.actions.services.calls import failing
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import GapKind

TIMEOUT_SECONDS = 20 * 60
"""CodePipeline's limit for a Lambda action (CodePipeline User Guide, "Quotas in CodePipeline")."""
CONTINUE_SECONDS = 1.0
"""Between an answer with a continuation token and the next invocation; CodePipeline's pause is not documented."""


def execute(run: Run) -> Outcome:
    """Invoke the function until it reports success or failure; return its output variables."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with failing(run):
        artifacts.read_inputs(run)
        artifacts.write_outputs(run)
        token = ""
        while True:
            result = _invoke(run, token)
            token = result.get("continuationToken", "")
            if not token:
                break
            if time.monotonic() > deadline:
                raise ActionFailed(f"the function still continues after {TIMEOUT_SECONDS // 60} minutes")
            run.log(f"continues with the token {token}")
            time.sleep(CONTINUE_SECONDS)
        artifacts.fetch_outputs(run)
    run.details.external_id = result.get("executionDetails", {}).get("externalExecutionId", "")
    return Outcome(variables=result.get("outputVariables") or {})


def _invoke(run: Run, token: str) -> Mapping[str, Any]:
    """Invoke the function once; return what it reported as the job's success, or raise ActionFailed."""
    name, job = run.configuration["FunctionName"], str(uuid.uuid4())
    client = run.context.cloud.client("lambda", run.aws_environment.region, run.credentials())
    # CodePipeline does not wait for the answer. Here it shows at once that a function has ended without a result.
    event = _event(run, job, token)
    run.context.cloud.announce_job(_details(run, event["CodePipeline.job"]))
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
    body = answer["Payload"].read().decode(errors="replace")
    result = run.context.cloud.fact("jobs").get(job)
    if result is None and NOT_EMULATED in body:
        raise ActionNotRehearsed(GapKind.RUNTIME, _error(body))
    if result is None and "FunctionError" in answer:
        raise ActionFailed(f"function {name} failed: {_error(body)}")
    if result is None:
        raise ActionFailed(
            f"function {name} ended without a result of the job, for which CodePipeline would wait "
            f"{TIMEOUT_SECONDS // 60} minutes; let it call PutJobSuccessResult or PutJobFailureResult"
        )
    if failure := result.get("failureDetails"):
        raise ActionFailed(f"function {name}: {failure.get('message', 'the job failed')}")
    run.log(f"function {name} reported success")
    return result


def _event(run: Run, job: str, token: str) -> dict[str, Any]:
    """Return the event (Lambda Developer Guide, "Using AWS Lambda with CodePipeline")."""
    credentials = run.credentials()
    data: dict[str, Any] = {
        "actionConfiguration": {"configuration": dict(run.configuration)},
        "inputArtifacts": [_artifact(name, *artifacts.stored(run, name)) for name in run.action.inputs],
        "outputArtifacts": [_artifact(name, *artifacts.location(run, name)) for name in run.action.outputs],
        "artifactCredentials": {
            "accessKeyId": credentials.access_key,
            "secretAccessKey": credentials.secret_key,
            "sessionToken": credentials.session_token,
        },
    }
    if key := run.context.definition.artifact_keys.get(run.aws_environment.region):
        data["encryptionKey"] = {"id": key, "type": "KMS"}
    if token:
        data["continuationToken"] = token
    return {"CodePipeline.job": {"id": job, "accountId": run.context.home.account, "data": data}}


def _details(run: Run, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return what GetJobDetails adds to the event (CodePipeline API Reference, "JobData")."""
    context = run.context
    pipeline = context.definition.name
    data = {
        **job["data"],
        "actionTypeId": {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"},
        "pipelineContext": {
            "pipelineName": pipeline,
            "pipelineArn": f"arn:{run.partition}:codepipeline:{context.home.region}:{context.home.account}:{pipeline}",
            "pipelineExecutionId": context.execution_id,
            "stage": {"name": run.stage},
            "action": {"name": run.action.name},
        },
    }
    return {**job, "data": data}


def _artifact(name: str, bucket: str, key: str) -> dict[str, Any]:
    location = {"type": "S3", "s3Location": {"bucketName": bucket, "objectKey": key}}
    return {"name": name, "revision": None, "location": location}


def _error(body: str) -> str:
    try:
        found = json.loads(body)
        return f"{found['errorType']}: {found['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return body.strip() or "no reason given"
