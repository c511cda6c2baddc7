"""How every build of the pipeline runs unless its step says otherwise."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk.pipelines import CodeBuildOptions

DOLLARS_PER_MINUTE: Final = 0.005
"""Of a build on the smallest compute, general1.small with Linux, in us-east-1 (CodeBuild's price list)."""


def build_defaults() -> CodeBuildOptions:
    """Return the image, the runtimes, the size and the time limit of a build.

    The image is named rather than left to the library, whose choice moves with its version. The smallest compute does:
    the builds wait for AWS, or synthesize on one core.
    """
    return CodeBuildOptions(
        build_environment=codebuild.BuildEnvironment(
            build_image=codebuild.LinuxBuildImage.from_code_build_image_id(
                "aws/codebuild/amazonlinux-x86_64-standard:6.0"
            ),
            compute_type=codebuild.ComputeType.SMALL,
        ),
        partial_build_spec=codebuild.BuildSpec.from_object(
            {"version": "0.2", "phases": {"install": {"runtime-versions": {"python": "3.11", "nodejs": "24"}}}}
        ),
        timeout=Duration.minutes(30),
    )
