"""What a build need not download again."""

from typing import Any

from aws_cdk import aws_codebuild as codebuild

BUILD_HOME = "/root"
"""The home folder of builds in CodeBuild's own images; cache paths do not know `~`."""


def download_cache() -> codebuild.Cache:
    """Return a cache on the build's host, which costs nothing and is there when builds follow each other closely."""
    return codebuild.Cache.local(codebuild.LocalCacheMode.CUSTOM)


def cached_downloads() -> dict[str, Any]:
    """Return the part of a build's specification that names what `download_cache` keeps: uv's and npm's downloads."""
    return {"cache": {"paths": [f"{BUILD_HOME}/.cache/uv/**/*", f"{BUILD_HOME}/.npm/**/*"]}}
