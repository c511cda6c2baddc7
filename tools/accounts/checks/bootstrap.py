"""Whether the account is bootstrapped for what is to be deployed, and trusts the pipeline's."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from tools.accounts.checks.context import Site
from tools.accounts.findings import Finding, good, to_fix

STACK = "CDKToolkit"
"""What `cdk bootstrap` calls its stack."""


def check_bootstrap(site: Site) -> Iterator[Finding]:
    """Look at the version that the bootstrap has left, and at whom it trusts."""
    again = f"AWS_PROFILE=… make bootstrap ARGS='--account {site.place.account}'"
    needed = max(stack.bootstrap_version for stack in site.stacks)
    version = _version(site.here("ssm"), site.stacks[0].bootstrap_parameter)
    if version is None:
        yield to_fix("is not bootstrapped", again)
        return
    if version < needed:
        yield to_fix(f"has bootstrap version {version}, {needed} is needed", again)
    else:
        yield good(f"bootstrap version {version}, {needed} is needed")
    parameters = _parameters(site.here("cloudformation"))
    if parameters is None:
        yield to_fix(f"has no stack {STACK}: its bootstrap cannot be judged", again)
        return
    home = site.assembly.home.account
    if site.place.account == home:
        return
    for parameter, purpose in {"TrustedAccounts": "deploy", "TrustedAccountsForLookup": "look"}.items():
        trusted = [account for account in parameters.get(parameter, "").split(",") if account]
        if home in trusted:
            yield good(f"lets the pipeline's account {home} {purpose}")
        else:
            names = ", ".join(trusted) or "nobody"
            yield to_fix(f"lets {names} {purpose}, not the pipeline's account {home}", again)


def _version(ssm: Any, parameter: str) -> int | None:
    try:
        return int(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return None


def _parameters(cloudformation: Any) -> dict[str, str] | None:
    try:
        [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return {item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", [])}
