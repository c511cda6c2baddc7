"""The gate before an environment: a person decides."""

from aws_cdk.pipelines import ManualApprovalStep

from settings import EnvironmentSettings


def approval_step(name: str, settings: EnvironmentSettings) -> ManualApprovalStep:
    """Return the gate before the environment `name`."""
    return ManualApprovalStep(
        "Approve", comment=f"Deploy to {name}? Account {settings.account}, region {settings.region}."
    )
