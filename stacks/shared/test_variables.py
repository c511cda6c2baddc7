"""What a stack tells the integration tests."""

from collections.abc import Mapping

from aws_cdk import CfnOutput
from constructs import Construct


class TestVariables(CfnOutput):
    """All that the integration tests must know of a stack, as one output: `NAME=value NAME=value …`.

    CodePipeline hands outputs to a build as action configuration, which has at most 1,000 characters (API reference,
    "ActionConfiguration"), and every reference to an output takes a hundred of them. Values are names, numbers,
    addresses and ARNs: none has a blank, a quote or anything else that means something to a shell.
    """

    __test__ = False  # pytest takes classes with such names for tests

    def __init__(self, scope: Construct, variables: Mapping[str, str | bool | int]) -> None:
        pairs = [f"{name}={_text(value)}" for name, value in sorted(variables.items())]
        super().__init__(scope, "TestVariables", value=" ".join(pairs))


def _text(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
