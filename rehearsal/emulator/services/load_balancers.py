"""Load balancers: found by name in every account and region, with targets identified by address *and* port."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from rehearsal.emulator.cloudformation.origins import label
from rehearsal.emulator.internals import alb, responses
from rehearsal.emulator.services import unserved as unserved_calls
from rehearsal.gaps import NOTHING_BEHIND, Gap, GapKind

Parameters = dict[str, list[str]]
"""A call's parameters in the query protocol."""
Target = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """A load balancer and where it is."""

    account: str
    region: str
    balancer: dict[str, Any]

    def ports(self) -> dict[int, str]:
        """Return the protocol of each port it listens on."""
        with responses.request_scope(self.account, self.region):
            listeners = list(alb._listeners.values())
        arn = self.balancer["LoadBalancerArn"]
        return {item["Port"]: item["Protocol"] for item in listeners if item["LoadBalancerArn"] == arn}


def everywhere() -> list[Found]:
    """Return the load balancers of all accounts and regions."""
    return [Found(account, region, item) for (account, region, _), item in list(alb._lbs._data.items())]


def named(host: str) -> Found | None:
    """Return the load balancer with this DNS name, in lower case."""
    return next((found for found in everywhere() if found.balancer["DNSName"].lower() == host), None)


NOT_REHEARSED = "not rehearsed: nothing runs behind this load balancer\n"
"""The body of a response for a target group without targets."""
ANSWERED = "a load balancer answered 503 “not rehearsed”, because nothing runs behind it (see --workload)"
"""Why a build that fails then says nothing about the release."""
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"


def of_listener(url: str) -> tuple[Found, int] | None:
    """Return the load balancer and port of a listener's ARN, which a path may follow."""
    for found in everywhere():
        with responses.request_scope(found.account, found.region):
            for arn, item in alb._listeners.items():
                if item["LoadBalancerArn"] == found.balancer["LoadBalancerArn"] and url.startswith(arn):
                    return found, item["Port"]
    return None


def unserved() -> list[Gap]:
    """Return a gap for each load balancer that has a target group behind which nothing runs."""
    found: list[Gap] = []
    for one in everywhere():
        with responses.request_scope(one.account, one.region):
            arn = one.balancer["LoadBalancerArn"]
            listeners = {name: item for name, item in alb._listeners.items() if item["LoadBalancerArn"] == arn}
            rules = [item for item in alb._rules.values() if item.get("ListenerArn") in listeners]
            groups = {group for group in _groups([list(listeners.values()), rules]) if group in alb._tgs}
            if not all(map(_is_served, groups)):
                name = label(one.account, one.region, BALANCER, arn)
                where = f"load balancer {name} in {one.account}/{one.region}"
                found.append(Gap(GapKind.WORKLOAD, where, NOTHING_BEHIND))
    return found


def _groups(value: Any) -> Iterator[str]:
    """Yield the target groups that listeners and rules forward to."""
    if isinstance(value, dict):
        if isinstance(group := value.get("TargetGroupArn"), str):
            yield group
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _groups(item)


def _is_served(group: str) -> bool:
    """Return whether something of this machine, or a function, answers for a target group."""
    is_function = alb._tgs[group].get("TargetType") == "lambda"
    return any(is_function or target["Id"].startswith("127.") for target in alb._targets.get(group, ()))


def register() -> None:
    """Let targets share an address, as on one machine, keep their zone, and answer for missing ones."""
    forward = alb._forward_to_tg

    async def forward_or_refuse(group: str, *arguments: Any) -> Any:
        if group in alb._tgs and not _is_served(group):
            unserved_calls.note(GapKind.WORKLOAD, ANSWERED)
            return 503, {"Content-Type": "text/plain"}, NOT_REHEARSED.encode()
        return await forward(group, *arguments)

    alb._forward_to_tg = forward_or_refuse
    alb._ACTION_MAP.update(
        {
            "RegisterTargets": _for_group("RegisterTargets", _add),
            "DeregisterTargets": _for_group("DeregisterTargets", _remove),
            "DescribeTargetHealth": _for_group("DescribeTargetHealth", _describe),
        }
    )


def _for_group(action: str, work: Callable[[str, list[Target]], str]) -> Callable[[Parameters], Any]:
    def answer(parameters: Parameters) -> Any:
        group = alb._p(parameters, "TargetGroupArn")
        if group not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{group}' not found.")
        return alb._xml(200, action, work(group, _targets(parameters, alb._tgs[group].get("Port", 80))))

    return answer


def _targets(parameters: Parameters, usual_port: int) -> list[Target]:
    found: list[Target] = []
    while identifier := alb._p(parameters, f"Targets.member.{len(found) + 1}.Id"):
        member = f"Targets.member.{len(found) + 1}"
        port = int(alb._p(parameters, f"{member}.Port") or usual_port)
        found.append({"Id": identifier, "Port": port, "Zone": alb._p(parameters, f"{member}.AvailabilityZone")})
    return found


def _same(one: Target, other: Target) -> bool:
    return (one["Id"], one.get("Port")) == (other["Id"], other.get("Port"))


def _add(group: str, targets: list[Target]) -> str:
    registered = alb._targets.setdefault(group, [])
    registered += [target for target in targets if not any(_same(target, item) for item in registered)]
    return ""


def _remove(group: str, targets: list[Target]) -> str:
    alb._targets[group] = [
        item for item in alb._targets.get(group, []) if not any(_same(target, item) for target in targets)
    ]
    return ""


def _describe(group: str, targets: list[Target]) -> str:
    registered = alb._targets.get(group, [])
    shown = [item for item in registered if not targets or any(_same(target, item) for target in targets)]
    return f"<TargetHealthDescriptions>{''.join(map(_description, shown))}</TargetHealthDescriptions>"


def _description(target: Target) -> str:
    zone = f"<AvailabilityZone>{escape(target['Zone'])}</AvailabilityZone>" if target.get("Zone") else ""
    return (
        f"<member><Target><Id>{escape(target['Id'])}</Id><Port>{target['Port']}</Port>{zone}</Target>"
        f"<HealthCheckPort>{target['Port']}</HealthCheckPort>"
        "<TargetHealth><State>healthy</State></TargetHealth></member>"
    )
