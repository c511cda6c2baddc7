"""Variables of actions that are read after an execution, and not only by later actions of it."""

from aws_cdk.pipelines import ManualApprovalStep


def keep_variables(*variables: str) -> None:
    """Have CodePipeline keep these exported variables, whether or not a later action refers to them.

    It keeps the variables of an action that has a namespace, and the library gives an action one only where a step
    refers to its variables: the tests of the last environment would tell nobody their outcome.
    """
    _Reader(*variables)


class _Reader(ManualApprovalStep):
    """A step that refers to variables and is part of no pipeline."""

    def __init__(self, *variables: str) -> None:
        super().__init__("Reader")
        self._discover_referenced_outputs(list(variables))
