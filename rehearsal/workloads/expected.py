"""What of the deployed resources cannot answer or run, as the templates tell before anything starts."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from cloud_assembly import Stack
from rehearsal.gaps import NOTHING_BEHIND, Gap, GapKind
from rehearsal.process.aws_hosts import belongs_to_aws
from rehearsal.process.lambda_runtimes import lacking
from rehearsal.workloads.links import Found, Key, Links

BALANCING = "AWS::ElasticLoadBalancingV2"


def expected_workload_gaps(templates: Sequence[Stack], *, has_workload: bool) -> list[Gap]:
    """Return the load balancers behind which nothing will run, and the functions that cannot run here.

    They are gaps of the run once they are deployed or called. With a workload, ECS services answer.
    """
    links = Links(templates)
    balancers = [
        Gap(GapKind.WORKLOAD, f"load balancer {one.label}", NOTHING_BEHIND) for one in _unserved(links, has_workload)
    ]
    functions = [
        Gap(GapKind.RUNTIME, f"function {one.label}", f"it needs {needed}")
        for one in links.of_type("AWS::Lambda::Function")
        if (needed := lacking(one.properties))
    ]
    return [*balancers, *functions]


def backend_gaps(templates: Sequence[Stack]) -> list[Gap]:
    """Return the APIs and distributions whose backends are outside of the rehearsal, and what it has no answer for."""
    links = Links(templates)
    found = [
        *_rest_backends(links),
        *_http_backends(links),
        *_origins(links),
        *(
            Gap(GapKind.WORKLOAD, f"load balancer {one.label}", "Classic Load Balancers are not rehearsed")
            for one in links.of_type("AWS::ElasticLoadBalancing::LoadBalancer")
        ),
    ]
    return list(dict.fromkeys(found))


def _unserved(links: Links, has_workload: bool) -> Iterator[Found]:
    groups = {one.key: one for one in links.of_type(f"{BALANCING}::TargetGroup")}
    served = {key for key, one in groups.items() if one.properties.get("TargetType") == "lambda"}
    if has_workload:
        for service in links.of_type("AWS::ECS::Service"):
            served |= _groups(links, service, "LoadBalancers")
    listeners = {one.key: _groups(links, one, "DefaultActions") for one in links.of_type(f"{BALANCING}::Listener")}
    for rule in links.of_type(f"{BALANCING}::ListenerRule"):
        for listener in links.behind(rule.stack, rule.properties.get("ListenerArn")) & listeners.keys():
            listeners[listener] |= _groups(links, rule, "Actions")
    unserved = {
        balancer
        for one in links.of_type(f"{BALANCING}::Listener")
        if listeners[one.key] & groups.keys() - served
        for balancer in links.behind(one.stack, one.properties.get("LoadBalancerArn"))
    }
    return (one for one in links.of_type(f"{BALANCING}::LoadBalancer") if one.key in unserved)


def _groups(links: Links, resource: Found, key: str) -> set[Key]:
    """Return the target groups in a property."""
    return {
        group
        for value in _values(resource.properties.get(key), "TargetGroupArn")
        for group in links.behind(resource.stack, value)
    }


def _values(value: Any, key: str) -> Iterator[Any]:
    """Yield every value of the key, at any depth."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _values(item, key)


def _rest_backends(links: Links) -> Iterator[Gap]:
    apis = {one.key: one for one in links.of_type("AWS::ApiGateway::RestApi")}
    for method in links.of_type("AWS::ApiGateway::Method"):
        integration = method.properties.get("Integration", {})
        if integration.get("Type") in ("HTTP", "HTTP_PROXY") and (
            host := _outside(method.stack, integration.get("Uri"))
        ):
            for key in links.behind(method.stack, method.properties.get("RestApiId")) & apis.keys():
                yield _answers_503("API", apis[key], f"its backend {host}")


def _http_backends(links: Links) -> Iterator[Gap]:
    apis = {one.key: one for one in links.of_type("AWS::ApiGatewayV2::Api")}
    registries = {one.key for one in links.of_type("AWS::ServiceDiscovery::Service")}
    for one in links.of_type("AWS::ApiGatewayV2::Integration"):
        uri = one.properties.get("IntegrationUri")
        if one.properties.get("IntegrationType") != "HTTP_PROXY":
            continue
        host = _outside(one.stack, uri)
        backend = f"its backend {host}" if host else "its backend in Cloud Map"
        if host or links.behind(one.stack, uri) & registries:
            for key in links.behind(one.stack, one.properties.get("ApiId")) & apis.keys():
                yield _answers_503("API", apis[key], backend)


def _origins(links: Links) -> Iterator[Gap]:
    for one in links.of_type("AWS::CloudFront::Distribution"):
        for origin in one.properties.get("DistributionConfig", {}).get("Origins", []):
            name = origin.get("DomainName")
            if isinstance(name, str) and (host := _outside(one.stack, f"https://{name}")):
                yield _answers_503("distribution", one, f"its origin {host}")


def _answers_503(kind: str, resource: Found, backend: str) -> Gap:
    reason = f"{backend} is outside of the rehearsal, so that it answers 503 “not rehearsed”"
    return Gap(GapKind.WORKLOAD, f"{kind} {resource.label}", reason)


def _outside(stack: Stack, uri: Any) -> str:
    """Return the host of an address that no deployed resource answers at; empty if one may."""
    try:
        host = urlsplit(stack.text(uri)).hostname or ""
    except ValueError:
        return ""
    is_known = host and not any(character in host for character in "*{$")
    # The load balancers of the app get their names from the emulator.
    return host if is_known and (not belongs_to_aws(host) or ".elb." in host) else ""
