"""What only pipelines of type V2 can have."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

PROVIDERS: Final = frozenset({"Commands", "EC2", "ECRBuildAndPublish", "EKS", "InspectorScan"})
"""Providers of actions of V2 (CodePipeline User Guide, "Action structure reference")."""
CONDITIONS: Final = ("BeforeEntry", "OnSuccess", "OnFailure")
"""A stage's conditions, automatic retry and rollback (CodePipeline User Guide, "Pipeline types")."""


def features_of_v2(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the features of V2 that a template's pipeline has, in CodePipeline's words."""
    if properties.get("Triggers"):
        yield "Triggers on tag"
    if properties.get("Variables"):
        yield "Pipeline variable"
    if properties.get("ExecutionMode") in ("QUEUED", "PARALLEL"):
        yield "QUEUED or PARALLEL mode"
    stages = [stage for stage in properties.get("Stages", []) if isinstance(stage, dict)]
    if any(stage.get(name) for stage in stages for name in CONDITIONS):
        yield "Stage level conditions"
    for stage in stages:
        for action in stage.get("Actions", []):
            if (provider := action.get("ActionTypeId", {}).get("Provider")) in PROVIDERS:
                yield f"{provider} Action"
