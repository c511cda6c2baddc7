"""Step Functions: starts an execution of the deployed state machine and waits for its end."""

import time
import uuid

from rehearsal.actions import artifacts
from rehearsal.actions.run import ActionFailed, ActionNotEmulated, ActionNotRehearsed, Outcome, Run
from rehearsal.actions.services.calls import failing
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import GapKind

POLL_SECONDS = 0.2
NOT_IMPLEMENTED = "not yet implemented in MiniStack"
"""What the emulator says of an integration that it lacks."""
TIMEOUT_SECONDS = 600
"""A state machine may run for days on AWS; the emulator's waits are as long as the state machine asks for."""


def execute(run: Run) -> Outcome:
    """Start an execution with the configured input; return its ARN."""
    machine, prefix = run.configuration["StateMachineArn"], run.configuration.get("ExecutionNamePrefix")
    identifier = str(uuid.uuid4())
    with failing(run):
        artifacts.read_inputs(run)
        client = run.context.cloud.client("stepfunctions", run.aws_environment.region, run.credentials())
        client.describe_state_machine(stateMachineArn=machine)
        name = f"{prefix}-{identifier}" if prefix else identifier
        arn = client.start_execution(stateMachineArn=machine, name=name, input=_input(run))["executionArn"]
        run.details.external_id = arn
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                raise ActionNotEmulated(f"{NOT_EMULATED}: {arn} still runs after {TIMEOUT_SECONDS // 60} minutes")
            time.sleep(POLL_SECONDS)
    if found["status"] != "SUCCEEDED":
        cause = ": ".join(filter(None, (found.get("error"), found.get("cause")))) or "no reason given"
        if NOT_EMULATED in cause or NOT_IMPLEMENTED in cause:
            raise ActionNotRehearsed(GapKind.EMULATOR, f"execution {name} ended as {found['status']}: {cause}")
        raise ActionFailed(f"execution {name} ended as {found['status']}: {cause}")
    run.log(f"execution {name} succeeded")
    for output in run.action.outputs:
        run.note_gap(GapKind.ACTION, f"its output artifact {output} is empty: the form of CodePipeline's is not known")
        run.context.artifacts.pack(output, {})
    return Outcome(variables={"StateMachineArn": machine, "ExecutionArn": arn})


def _input(run: Run) -> str:
    """Return the text of the configuration, or of a file in the input artifact."""
    given = run.configuration.get("Input", "")
    if run.configuration.get("InputType", "Literal") == "FilePath":
        return run.context.artifacts.read(f"{run.action.inputs[0]}::{given}")
    return given or "{}"
