"""Whether data outlives its stack."""

from aws_cdk import RemovalPolicy


def removal_policy(*, retain_data: bool) -> RemovalPolicy:
    """Return the policy of a resource that holds data.

    Retained data survives deletion and replacement, but not the rollback of a first creation: an empty resource must
    not block the next attempt.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if retain_data else RemovalPolicy.DESTROY
