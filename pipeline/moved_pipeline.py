"""Finds that `delivery.toml` moves the pipeline, in the build that would make a second one of it."""

from collections.abc import Mapping
from typing import Final

from settings import PipelineSettings

GUIDE: Final = "docs/DEPLOYMENT_GUIDE.md, “Moving the pipeline”"


def moves(pipeline: PipelineSettings, name: str, variables: Mapping[str, str]) -> list[str]:
    """Return a line for each setting that is not where the build runs; none outside of this pipeline's own builds.

    `variables` are the environment's (CodeBuild User Guide, "Environment variables in build environments").
    Self-mutation deploys the pipeline's stack to the account and region of the settings: to others, it would create a
    second pipeline with the same environments, and leave the first one as it is.
    """
    arn = variables.get("CODEBUILD_BUILD_ARN", "").split(":")
    if len(arn) < 5 or variables.get("CODEBUILD_INITIATOR") != f"codepipeline/{name}":
        return []
    _, _, _, region, account, *_ = arn
    settings = {"account": (pipeline.account, account), "region": (pipeline.region, region)}
    return [
        f'pipeline.{key}: "{given}" is not where this pipeline runs, which is {runs}: a push does not move a pipeline, '
        f"it would create a second one. Set it back, or follow {GUIDE}"
        for key, (given, runs) in settings.items()
        if given != runs
    ]
