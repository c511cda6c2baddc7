"""Recovers an environment from failed stacks that the pipeline cannot update, and from names that are in use.

Healthy stacks are never touched. A stack whose first creation failed was never in service: it is deleted with all its
resources. If the deletion of a stack that was in service failed, resources with data are kept, and imported into the
new stack if it needs their names.
"""

from tools.accounts.recovery.execution import carry_out, not_yet_deleted, retry_command
from tools.accounts.recovery.part import Part
from tools.accounts.recovery.planning import plan

__all__ = ["Part", "carry_out", "not_yet_deleted", "plan", "retry_command"]
