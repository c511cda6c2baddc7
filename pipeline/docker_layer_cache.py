"""Docker layers that need not be built again."""

from typing import cast

from aws_cdk import aws_codebuild as codebuild
from constructs import IConstruct


def cache_docker_layers(assets: IConstruct) -> None:
    """Let the projects under `assets` that build images keep their layers on the build's host.

    Only those: CodeBuild keeps layers for privileged builds alone, and the projects that publish files are none.
    """
    for construct in assets.node.find_all():
        if not isinstance(construct, codebuild.CfnProject):
            continue
        environment = cast(codebuild.CfnProject.EnvironmentProperty, construct.environment)
        if environment.privileged_mode:
            construct.cache = codebuild.CfnProject.ProjectCacheProperty(
                type="LOCAL", modes=["LOCAL_DOCKER_LAYER_CACHE"]
            )
