"""How the pipeline's builds run: image, size, tool versions, caches and logs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, cast

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.pipelines import CodeBuildOptions
from constructs import Construct, IConstruct

from stacks.shared.log_group import LogGroup

DOLLARS_PER_MINUTE: Final = 0.005
"""Of a build on the smallest compute, general1.small with Linux, in us-east-1 (CodeBuild's price list)."""


def build_defaults() -> CodeBuildOptions:
    """Return the image, the runtimes, the size and the time limit of a build.

    The library's default image changes with its version. The smallest compute suffices: builds wait for AWS, or
    synthesize on one core.
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


BUILD_HOME = "/root"
"""The home folder in CodeBuild's own images; cache paths do not expand `~`."""


def download_cache() -> codebuild.Cache:
    """Return a cache on the build's host: free, and present if the last build was recent."""
    return codebuild.Cache.local(codebuild.LocalCacheMode.CUSTOM)


def cached_downloads() -> dict[str, Any]:
    """Return the part of a build specification that caches uv's and npm's downloads."""
    return {"cache": {"paths": [f"{BUILD_HOME}/.cache/uv/**/*", f"{BUILD_HOME}/.npm/**/*"]}}


def cache_docker_layers(assets: IConstruct) -> None:
    """Let the projects under `assets` that build images keep their layers on the build's host.

    CodeBuild keeps layers only for privileged builds; the projects that publish files are not.
    """
    for construct in assets.node.find_all():
        if not isinstance(construct, codebuild.CfnProject):
            continue
        environment = cast(codebuild.CfnProject.EnvironmentProperty, construct.environment)
        if environment.privileged_mode:
            construct.cache = codebuild.CfnProject.ProjectCacheProperty(
                type="LOCAL", modes=["LOCAL_DOCKER_LAYER_CACHE"]
            )


class BuildLogs(Construct):
    """One log group per build project, each encrypted with `key` and kept for `retention_days`.

    Without one, CodeBuild keeps logs indefinitely.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, retention_days: int) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self._retention_days = retention_days

    def for_project(self, project: str) -> codebuild.LoggingOptions:
        """Return the logging options of a project."""
        group = LogGroup(self, project, key=self._key, retention_days=self._retention_days, retain_data=True)
        return codebuild.LoggingOptions(
            cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=cast(logs.ILogGroup, group))
        )


CLI_VERSION: Final = "aws-cdk-version.txt"
"""The file in the assembly with the version of `aws-cdk` that can read it."""


@dataclass(frozen=True)
class ToolVersions:
    """The exact CLI versions of the pipeline's own projects, the same as a developer's."""

    cdk: str
    """Of `aws-cdk`, which updates the pipeline."""
    cdk_assets: str
    """Of `cdk-assets`, which publishes assets."""

    def cdk_of_the_assembly(self) -> str:
        """Return shell code that, in the assembly's folder, expands to the version of `aws-cdk` to install.

        The deployed pipeline updates itself from an assembly that a newer library may have written, which its own
        version might not read (aws-cdk#15519). Its own version is the fallback.
        """
        return f"$(grep -sxEm1 '[0-9]+[.][0-9]+[.][0-9]+' {CLI_VERSION} || echo {self.cdk})"

    @classmethod
    def read(cls, package_file: Path) -> Self:
        """Return the versions pinned in `package_file`, a `package.json`."""
        pinned = json.loads(package_file.read_text())["devDependencies"]
        return cls(cdk=pinned["aws-cdk"], cdk_assets=pinned["cdk-assets"])
