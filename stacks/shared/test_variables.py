"""A stack's output for the integration tests."""

from collections.abc import Mapping

from aws_cdk import CfnOutput
from constructs import Construct


class TestVariables(CfnOutput):
    """The stack's values for the integration tests, in one output: `NAME=value NAME=value …`.

    CodePipeline passes outputs to a build in the action configuration, which is limited to 1,000 characters (API
    reference, "ActionConfiguration"); each reference to an output takes about a hundred. Values are names, numbers,
    URLs and ARNs without blanks, quotes or other characters special to a shell.
    """

    __test__ = False  # pytest would collect a class of this name

    def __init__(self, scope: Construct, variables: Mapping[str, str | bool | int]) -> None:
        pairs = [f"{name}={_text(value)}" for name, value in sorted(variables.items())]
        super().__init__(scope, "TestVariables", value=" ".join(pairs))


def _text(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
