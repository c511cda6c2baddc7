"""One account and region under examination."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cloud_assembly import Assembly, AwsEnvironment, Stack
from tools.accounts.findings import Finding


@dataclass(frozen=True)
class Site:
    """A place, what is to be deployed there, and the way in."""

    place: AwsEnvironment
    assembly: Assembly
    client: Callable[[str, str], Any]
    """Makes a client of a service in a region of this account."""

    @property
    def stacks(self) -> list[Stack]:
        """The stacks that go there."""
        return [stack for stack in self.assembly.stacks if stack.aws_environment == self.place]

    def here(self, service: str) -> Any:
        """Return a client of the service in this place."""
        return self.client(service, self.place.region)


Check = Callable[[Site], Iterator[Finding]]
"""Looks at one thing and yields what it finds; what boto3 raises means that it could not look."""
