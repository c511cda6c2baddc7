"""The step that turns the commit into a cloud assembly."""

from aws_cdk import aws_codebuild as codebuild
from aws_cdk.pipelines import CodeBuildStep, IFileSetProducer

from pipeline.download_cache import cached_downloads, download_cache


def synth_step(source: IFileSetProducer, *, logging: codebuild.LoggingOptions) -> CodeBuildStep:
    """Return the build that checks the commit and synthesizes it.

    Its one command is the repository's own and never changes: how to build travels with the commit, so a broken build
    is repaired by a push and not by changing the pipeline by hand.
    """
    return CodeBuildStep(
        "Synth",
        input=source,
        commands=["make synth"],
        primary_output_directory="cdk.out",
        partial_build_spec=codebuild.BuildSpec.from_object({"version": "0.2", **cached_downloads()}),
        cache=download_cache(),
        logging=logging,
    )
