"""A resource type that cannot be created: a rehearsal uses it to make a stack fail and roll back."""

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned

TYPE = "AWS::Rehearsal::Failure"


def register() -> None:
    """Let templates contain the failing type."""
    providers.register(Failure(TYPE))


class Failure(providers.ResourceProvider):
    """Fails to be created or updated."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        raise ValueError("made to fail by --fail")
