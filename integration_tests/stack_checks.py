"""What CloudFormation must say of the environment's stacks after a deployment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from integration_tests.aws_call import wait_for
from integration_tests.aws_checks import time_of
from integration_tests.waiting import Observation, Patience

STANDING = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "IMPORT_COMPLETE",
    # Deploying again what a failed update went back to changes nothing, and leaves the state of that update.
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
"""States in which a stack has all it should; ROLLBACK_COMPLETE has nothing."""
_DRIFT_IN_WORDS = {"IN_SYNC": "in sync", "DRIFTED": "drifted before their last change"}


def stacks_stand(cloudformation: Any, *, names: Sequence[str], region: str, patience: Patience) -> str:
    """Wait until every stack is complete and none is known to have drifted; raise CheckFailed otherwise.

    Drift is what the last detection found since the stack's last change; an older finding says nothing of the stack as
    it is. None is started here: it takes minutes, and needs leave to read every kind of resource there is.

    Returns in words what is known of drift.
    """

    def look() -> Observation:
        stacks = [cloudformation.describe_stacks(StackName=name)["Stacks"][0] for name in names]
        broken = [stack for stack in stacks if stack["StackStatus"] not in STANDING]
        drifted = [stack for stack in stacks if _has_drifted(stack)]
        faults = [f"{stack['StackName']} is {stack['StackStatus']}" for stack in broken]
        faults += [f"{stack['StackName']} has drifted" for stack in drifted]
        known = Counter(
            _DRIFT_IN_WORDS.get(_drift(stack).get("StackDriftStatus", ""), "never checked") for stack in stacks
        )
        return Observation(
            fault="; ".join(faults) or None,
            text="; ".join(faults) or "drift: " + ", ".join(f"{number} {words}" for words, number in known.items()),
            details=(
                *(f"{stack['StackName']}: {stack.get('StackStatusReason', 'no reason given')}" for stack in broken),
                *(
                    f"{stack['StackName']} drifted at {time_of(_drift(stack)['LastCheckTimestamp'])}"
                    for stack in drifted
                ),
            ),
            look_further=(
                *(
                    f"aws cloudformation describe-stack-events --region {region} --stack-name {stack['StackName']}"
                    for stack in broken
                ),
                *(
                    f"aws cloudformation describe-stack-resource-drifts --region {region} "
                    f"--stack-name {stack['StackName']}"
                    for stack in drifted
                ),
            ),
        )

    return wait_for(
        look,
        title="The environment's stacks were not seen complete.",
        asked=f"cloudformation:DescribeStacks of {', '.join(names)} in {region}",
        wanted="every stack complete, and none known to have drifted",
        patience=patience,
        look_further=[f"aws cloudformation describe-stacks --region {region}"],
    )


def _drift(stack: Mapping[str, Any]) -> Mapping[str, Any]:
    return stack.get("DriftInformation", {})


def _has_drifted(stack: Mapping[str, Any]) -> bool:
    checked = _drift(stack).get("LastCheckTimestamp")
    changed = stack.get("LastUpdatedTime", stack["CreationTime"])
    return _drift(stack).get("StackDriftStatus") == "DRIFTED" and checked is not None and checked > changed
