"""Checks of the environment's CloudFormation stacks."""

from collections.abc import Sequence
from typing import Any

from integration_tests.aws_call import wait_for
from integration_tests.waiting import Deadline, ProbeResult

COMPLETE_STATES = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "IMPORT_COMPLETE",
    # Redeploying the version that a failed update rolled back to changes nothing, and leaves this state.
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
"""States in which all resources exist; after ROLLBACK_COMPLETE, none does."""


def stacks_are_complete(cloudformation: Any, *, names: Sequence[str], region: str, deadline: Deadline) -> None:
    """Wait until every stack is complete; raise CheckFailed otherwise."""

    def probe() -> ProbeResult:
        stacks = [stack for name in names for stack in cloudformation.describe_stacks(StackName=name)["Stacks"]]
        broken = [stack for stack in stacks if stack["StackStatus"] not in COMPLETE_STATES]
        faults = "; ".join(f"{stack['StackName']} is {stack['StackStatus']}" for stack in broken)
        return ProbeResult(
            fault=faults or None,
            text=faults or f"{len(stacks)} stacks complete",
            details=tuple(
                f"{stack['StackName']}: {stack.get('StackStatusReason', 'no reason given')}" for stack in broken
            ),
            next_steps=tuple(
                f"aws cloudformation describe-stack-events --region {region} --stack-name {stack['StackName']}"
                for stack in broken
            ),
        )

    wait_for(
        probe,
        title="Stacks of the environment are not complete.",
        asked=f"cloudformation:DescribeStacks of {', '.join(names)} in {region}",
        wanted="every stack complete",
        deadline=deadline,
        next_steps=[f"aws cloudformation describe-stacks --region {region}"],
    )
