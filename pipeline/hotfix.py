"""The hotfix path: a variable of the pipeline that skips the bakes before the last environment."""

from typing import Final

from aws_cdk import aws_codepipeline as codepipeline

from settings import Settings

HOTFIX: Final = "HOTFIX"
"""`yes` in an execution that `make hotfix` has started."""
HOTFIX_VALUE: Final = f"#{{variables.{HOTFIX}}}"
"""Its value, in an action's configuration."""


def hotfix_skips_bake(environment: str, settings: Settings) -> bool:
    """Return whether a hotfix skips this environment's bake: another environment follows, and nobody approves this one.

    Reviews, integration tests and approvals are never skipped.
    """
    *earlier, _ = settings.environments
    return environment in earlier and not settings.environments[environment].approval


def declare_hotfix(pipeline: codepipeline.Pipeline) -> None:
    """Declare the variable in a pipeline that has been built."""
    description = "yes: skip the bakes before the last environment"
    pipeline.add_variable(codepipeline.Variable(variable_name=HOTFIX, default_value="no", description=description))
