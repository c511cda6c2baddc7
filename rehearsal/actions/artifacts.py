"""Checks who may read and write the pipeline's artifacts in S3; their content stays in the rehearsal's folder.

CodePipeline puts each artifact under `PIPELINE/ARTIFACT/id`, names cut to 20 and 10 characters, into the bucket of the
action's region, encrypted with that store's key, so that reading one also calls KMS.
"""

from rehearsal.actions.run import Run

PIPELINE_CHARACTERS, ARTIFACT_CHARACTERS = 20, 10


def read_inputs(run: Run, *, role_arn: str | None = None) -> None:
    """Check that a role, by default the action's, may read the input artifacts; raises Forbidden."""
    for name in run.action.inputs:
        _check(run, role_arn, "s3:GetObject", name)


def write_outputs(run: Run, *, role_arn: str | None = None) -> None:
    """Check that a role, by default the action's, may write the output artifacts; raises Forbidden."""
    for name in run.action.outputs:
        _check(run, role_arn, "s3:PutObject", name)


def _check(run: Run, role_arn: str | None, action: str, name: str) -> None:
    definition = run.context.definition
    folder = f"{definition.name[:PIPELINE_CHARACTERS]}/{name[:ARTIFACT_CHARACTERS]}"
    resource = f"arn:aws:s3:::{definition.artifacts_in(run.action.region)}/{folder}/{run.context.execution_id[:7]}"
    run.context.cloud.check(role_arn or run.action.role_arn or definition.role_arn, action, resource)
