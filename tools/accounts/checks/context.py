"""One account and region under examination."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from cloud_assembly import Assembly, AwsEnvironment, Stack
from tools.accounts.accounts import Accounts
from tools.accounts.findings import Finding


@dataclass(frozen=True)
class CheckContext:
    """An account and region, what will be deployed there, and how to reach it."""

    aws_environment: AwsEnvironment
    assembly: Assembly
    client: Callable[[str, str], Any]
    """Makes a client of a service in a region of this account."""

    @classmethod
    def of(cls, assembly: Assembly, accounts: Accounts, aws_environment: AwsEnvironment) -> Self:
        """Return the context of an account and region, which is read through the lookup role of a stack there."""
        roles = (stack.lookup_role_arn for stack in assembly.stacks if stack.aws_environment == aws_environment)
        role = next(filter(None, roles), None)
        return cls(aws_environment, assembly, partial(_client, accounts, aws_environment.account, role))

    @property
    def stacks(self) -> list[Stack]:
        """The stacks for this account and region."""
        return [stack for stack in self.assembly.stacks if stack.aws_environment == self.aws_environment]

    def regional_client(self, service: str) -> Any:
        """Return a client of the service in this region."""
        return self.client(service, self.aws_environment.region)


def _client(accounts: Accounts, account: str, role: str | None, service: str, region: str) -> Any:
    return accounts.client(service, AwsEnvironment(account, region), role_arn=role)


Check = Callable[[CheckContext], Iterator[Finding]]
"""Yields its findings; an error of botocore means that the check could not run."""
