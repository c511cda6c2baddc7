"""One account and region under examination."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cloud_assembly import Assembly, AwsEnvironment, Stack
from tools.accounts.findings import Finding


@dataclass(frozen=True)
class CheckContext:
    """An account and region, what will be deployed there, and how to reach it."""

    aws_environment: AwsEnvironment
    assembly: Assembly
    client: Callable[[str, str], Any]
    """Makes a client of a service in a region of this account."""

    @property
    def stacks(self) -> list[Stack]:
        """The stacks for this account and region."""
        return [stack for stack in self.assembly.stacks if stack.aws_environment == self.aws_environment]

    def regional_client(self, service: str) -> Any:
        """Return a client of the service in this region."""
        return self.client(service, self.aws_environment.region)


Check = Callable[[CheckContext], Iterator[Finding]]
"""Yields its findings; an error of botocore means that the check could not run."""
