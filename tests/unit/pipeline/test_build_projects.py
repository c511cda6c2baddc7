"""Only the projects that build images cache their layers."""

from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk.assertions import Template

from pipeline.build_projects import cache_docker_layers


@pytest.mark.parametrize(
    ("builds_images", "cache"),
    [
        (True, {"Type": "LOCAL", "Modes": ["LOCAL_DOCKER_LAYER_CACHE"]}),
        (False, {"Type": "NO_CACHE"}),
    ],
)
def test_layers_are_cached_where_images_are_built(builds_images: bool, cache: dict[str, Any]) -> None:
    stack = Stack(App(), "Assets")
    environment = codebuild.BuildEnvironment(privileged=builds_images)
    codebuild.PipelineProject(stack, "Project", environment=environment)
    cache_docker_layers(stack)
    Template.from_stack(stack).has_resource_properties("AWS::CodeBuild::Project", {"Cache": cache})
