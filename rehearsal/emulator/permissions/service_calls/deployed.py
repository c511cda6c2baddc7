"""The table, evaluated in the emulator: right after a stack's deployment, against the policies that are deployed."""

from collections.abc import Iterator
from typing import Any

from rehearsal.emulator.internals import cloudformation
from rehearsal.emulator.permissions import enforcement, evaluation, recorder
from rehearsal.emulator.permissions.evaluation import Decision, Kind, Principal
from rehearsal.emulator.permissions.policy import read
from rehearsal.emulator.permissions.service_calls.account_policies import ALLOW_ALL
from rehearsal.emulator.permissions.service_calls.creation import creating_a_resource
from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import (
    TABLE,
    Caller,
    CallerKind,
    Row,
    ServiceCall,
    calls_of,
    deployer,
)

Stack = tuple[str, str, str]
"""Account, region and name."""

BOOTSTRAP_STACK = "CDKToolkit"
"""An administrator deploys it before our stacks exist."""

evaluated: dict[Stack, int] = {}
"""How many calls were evaluated after each stack's last deployment."""
_deployers: dict[Stack, str] = {}
"""The role that each stack was deployed with; none: the caller's."""


def check(account: str, region: str, name: str, role_arn: str = "") -> list[str]:
    """Evaluate the calls that a stack's deployment makes possible; return a message for each that is refused.

    These are all calls for its own resources, and calls for earlier stacks' resources that involve it.
    """
    if enforcement.mode is enforcement.Mode.OFF:
        return []
    stack = (account, region, name)
    _deployers[stack] = role_arn
    resources = Resources(_deployed())
    own = [item for item in resources if (item.account, item.region, item.stack) == stack]
    others = [item for item in resources if (item.account, item.region, item.stack) != stack]
    names = {item.arn.removesuffix(":*") for item in own if item.arn}
    found = [*calls_of(resources, own, _services()), *_concerned(calls_of(resources, others, _services()), names)]
    refused: list[str] = []
    evaluated[stack] = 0
    for service_call in found:
        if service_call.call.caller == deployer(service_call.because_of) and not _deployer(service_call.because_of):
            continue
        evaluated[stack] += 1
        decision = _decide(service_call)
        recorder.note(decision, enforced=enforcement.mode is enforcement.Mode.ENFORCED)
        if not decision.allowed and enforcement.mode is enforcement.Mode.ENFORCED:
            refused.append(message(service_call, decision))
    return list(dict.fromkeys(refused))


def summary() -> dict[str, Any]:
    """Return how many calls of services were evaluated, for the report."""
    return {"rows": len(TABLE), "evaluated": sum(evaluated.values())}


def message(service_call: ServiceCall, decision: Decision) -> str:
    """Return AWS's message for a refused call, with the service's reason for it, its source, and what to do.

    AWS refuses some of these calls while it creates the stack, and others only later, when nobody looks.
    """
    row = service_call.row
    return (
        f"{evaluation.refusal(decision)} ({row.service}, {row.name}, for {service_call.because_of.where}; "
        f"see {row.source}); allow it, or only list such calls with --permissions report"
    )


def _services() -> list[Row]:
    """Return the rows except those for creation, which `provisioning` checks before each resource is created."""
    return [row for row in TABLE if row.derive is not creating_a_resource]


def _concerned(found: Iterator[ServiceCall], names: set[str]) -> Iterator[ServiceCall]:
    """Return the calls whose caller or resource is in the stack."""
    for service_call in found:
        call = service_call.call
        if call.caller.name in names or call.resource in names or call.resource.partition("/")[0] in names:
            yield service_call


def _decide(service_call: ServiceCall) -> Decision:
    call = service_call.call
    tls = {"s3:TlsVersion": enforcement.TLS_VERSION} if call.action.startswith("s3:") else {}
    return enforcement.evaluate(_principal(call.caller), call.action, call.resource, {**tls, **call.context})


def _principal(caller: Caller) -> str | Principal:
    if caller.kind in (CallerKind.ROLE, CallerKind.SERVICE):
        return caller.name
    account = caller.name.split(":")[4]
    if caller.kind is CallerKind.ACCOUNT:
        return Principal(caller.name, Kind.ROOT, account)
    everything = (read("AdministratorAccess", ALLOW_ALL),)
    return Principal(caller.name, Kind.ROLE, account, role_arn=caller.name, identity=everything)


def _deployer(resource: Resource) -> str:
    return _deployers.get((resource.account, resource.region, resource.stack), "")


def _deployed() -> Iterator[Resource]:
    """Return the resources of all stacks of all accounts, as CloudFormation has resolved them."""
    for (account, region, name), stack in list(cloudformation._stacks._data.items()):
        status = stack.get("StackStatus", "")
        # Stacks that are still being deployed are checked at the end of their own deployment.
        if name.startswith(BOOTSTRAP_STACK) or status.startswith("DELETE") or status.endswith("_IN_PROGRESS"):
            continue
        for logical_id, found in list((stack.get("_resources") or {}).items()):
            yield Resource(
                found["ResourceType"],
                logical_id,
                name,
                account,
                region,
                str(found.get("PhysicalResourceId") or ""),
                found.get("Properties") or {},
                attributes=found.get("Attributes") or {},
                deployer=_deployers.get((account, region, name)) or None,
            )
