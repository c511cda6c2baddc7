"""Checks that the account is bootstrapped and trusts the pipeline's account."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from jobs.aws_errors import has_no_stack
from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, to_fix

STACK = "CDKToolkit"
"""The stack of `cdk bootstrap`."""


def check_bootstrap(context: CheckContext) -> Iterator[Finding]:
    """Check the bootstrap's version and the accounts it trusts."""
    again = f"AWS_PROFILE=… make bootstrap ARGS='--account {context.aws_environment.account}'"
    needed = max(stack.bootstrap_version for stack in context.stacks)
    version = _version(context.regional_client("ssm"), context.stacks[0].bootstrap_parameter)
    if version is None:
        yield to_fix("is not bootstrapped", again)
        return
    if version < needed:
        yield to_fix(f"has bootstrap version {version}, {needed} is needed", again)
    else:
        yield good(f"bootstrap version {version}, {needed} is needed")
    parameters = _parameters(context.regional_client("cloudformation"))
    if parameters is None:
        yield to_fix(f"has no stack {STACK}: its bootstrap cannot be checked", again)
        return
    home = context.assembly.home.account
    if context.aws_environment.account == home:
        return
    for parameter, purpose in {"TrustedAccounts": "deploy", "TrustedAccountsForLookup": "look up resources"}.items():
        trusted = [account for account in parameters.get(parameter, "").split(",") if account]
        if home in trusted:
            yield good(f"trusts the pipeline's account {home} to {purpose}")
        else:
            names = ", ".join(trusted) or "nobody"
            yield to_fix(f"trusts {names} to {purpose}, not the pipeline's account {home}", again)


def _version(ssm: Any, parameter: str) -> int | None:
    try:
        return int(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return None


def _parameters(cloudformation: Any) -> dict[str, str] | None:
    try:
        [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if has_no_stack(error):
            return None
        raise
    return {item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", [])}
