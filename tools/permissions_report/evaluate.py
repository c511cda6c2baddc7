"""Finds the Allow statements that are needed: without one, a call is denied."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rehearsal.emulator.permissions.evaluation import Decision
from rehearsal.emulator.permissions.policy import Statement
from rehearsal.emulator.permissions.service_calls.account_policies import AccountPolicies
from rehearsal.emulator.permissions.service_calls.table import ServiceCall


@dataclass
class Findings:
    """The result of evaluating the calls."""

    statements: list[Statement]
    """Every Allow statement of the templates."""
    evaluated: int = 0
    needed: dict[Statement, ServiceCall] = field(default_factory=dict)
    """For each statement that is needed, the first call that is denied without it."""
    refused: list[tuple[ServiceCall, Decision]] = field(default_factory=list)
    """Calls that no statement allows."""
    used: list[Statement] = field(default_factory=list)
    """Statements that only a rehearsal's calls need."""

    def unneeded(self) -> list[Statement]:
        """Return the statements that no call needs."""
        return [statement for statement in self.statements if statement not in self.needed]


def examine(policies: AccountPolicies, calls: Iterable[ServiceCall], *, ignored: Sequence[str] = ()) -> Findings:
    """Evaluate each call, with all statements and without each statement that allows it.

    Policies whose name begins with one of `ignored` are not examined.
    """
    ours = [
        item for item in policies.statements() if item.allows and not item.policy.startswith(tuple(ignored) or ("\0",))
    ]
    wanted = set(ours)
    found = Findings(ours)
    for service_call in calls:
        found.evaluated += 1
        decision = policies.decide(service_call.call)
        if not decision.allowed:
            if not service_call.row.may_be_refused:
                found.refused.append((service_call, decision))
            continue
        for statement in decision.statements:
            if statement in wanted and statement not in found.needed:
                without = policies.decide(service_call.call, [statement])
                if not without.allowed:
                    found.needed[statement] = service_call
    return found
