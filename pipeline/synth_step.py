"""The step that turns the commit into a cloud assembly."""

from aws_cdk.pipelines import CodeBuildStep, IFileSetProducer


def synth_step(source: IFileSetProducer) -> CodeBuildStep:
    """Return the build that checks the commit and synthesizes it.

    Its one command is the repository's own and never changes: how to build travels with the commit, so a broken build
    is repaired by a push and not by changing the pipeline by hand.
    """
    return CodeBuildStep("Synth", input=source, commands=["make synth"], primary_output_directory="cdk.out")
