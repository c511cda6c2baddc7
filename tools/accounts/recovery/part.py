"""The planned recovery of one stack."""

from collections.abc import Iterator
from dataclasses import dataclass

from cloud_assembly import Stack
from tools.accounts.live_resources import LiveResource
from tools.accounts.resource_import import ImportedResource


@dataclass(frozen=True)
class Part:
    """The planned recovery of one stack."""

    stack: Stack
    state: str
    """The stack's state, for people."""
    unprotected: tuple[LiveResource, ...] = ()
    deleted: tuple[LiveResource, ...] = ()
    """Resources deleted before the stack, because they block its deletion."""
    is_deleted: bool = False
    """Whether the stack is deleted."""
    retained: tuple[str, ...] = ()
    """Logical ids that CloudFormation retains."""
    deleted_later: tuple[LiveResource, ...] = ()
    """Resources that this stack or an earlier one retained."""
    imported: tuple[ImportedResource, ...] = ()
    is_continued: bool = False
    """Whether the rollback of an update is continued."""
    kept: tuple[str, ...] = ()
    """Resources that are kept, with reasons."""
    blocked: tuple[str, ...] = ()
    """Problems to fix by hand, and how."""

    @property
    def acts(self) -> bool:
        """Whether the plan changes anything."""
        return bool(self.is_deleted or self.is_continued or self.deleted_later or self.imported)

    @property
    def touches_resources(self) -> bool:
        """Whether resources are changed directly, which the deploy role is not allowed to do."""
        return bool(self.unprotected or self.deleted or self.deleted_later)

    def lines(self) -> Iterator[str]:
        """Yield the lines that show the plan."""
        yield f"{self.stack.name} in {self.stack.aws_environment} {self.state}"
        yield from (f"  unprotect {found.kind} {found.name}" for found in self.unprotected)
        yield from (f"  delete    {found}" for found in self.deleted)
        if self.is_deleted:
            yield "  delete    the stack and its remaining resources"
        yield from (f"  delete    {found}, which would belong to no stack" for found in self.deleted_later)
        yield from (f"  import    {one.found} as {one.logical_id}" for one in self.imported)
        if self.is_continued:
            yield "  continue  the rollback of its update"
        yield from (f"  keep      {text}" for text in self.kept)
        yield from (f"  BLOCKED   {text}" for text in self.blocked)
