"""Artifacts for environments in other regions than the pipeline's."""

from aws_cdk import Environment, Stack
from constructs import Construct

from pipeline.artifact_store import ArtifactStore


class ReplicaStore(Stack):
    """The artifact store of one more region: CodePipeline copies there what the region's actions read."""

    def __init__(self, scope: Construct, construct_id: str, *, env: Environment, retention_days: int) -> None:
        super().__init__(scope, construct_id, env=env, description=f"Artifacts of yawl-delivery for {env.region}")
        self.store = ArtifactStore(self, "ArtifactStore", retention_days=retention_days, replica=True)
