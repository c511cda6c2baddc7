"""The ASGI application: routes requests to ministack, or handles those that ministack cannot.

- Load balancers and distributions are found in every account and region. ministack looks in the account that signed a
  request, but browsers and tests do not sign. Their requests arrive by `HTTP_PROXY`, so the path may be a whole URL, or
  over TLS through the rehearsal's tunnel.
- CodePipeline, CodeCommit, CodeConnections, Service Quotas and Application Auto Scaling, which ministack lacks, are
  implemented here, as far as they are used.
- AWS's own host names: emulated services respond, other names are refused.
- `/_rehearsal/…` is the rehearsal's own interface. `executions` receives pipeline events. `permissions/…` assumes roles
  for services, checks calls that no request makes (those of services after a deployment too), and returns the record.
  `given` creates what accounts contain at the start. `commit` is what CodeCommit's repositories contain. `jobs`
  receives the jobs of Lambda actions. `sdk` makes the AWS calls of Node functions.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rehearsal.emulator.cloudformation import (
    alarms,
    deletion_rules,
    encryption,
    faults,
    generic_types,
    imports,
    network_types,
    provisioned_details,
    stack_outputs,
)
from rehearsal.emulator.internals import alb, app, responses, router
from rehearsal.emulator.permissions import enforcement, own_services, recorder
from rehearsal.emulator.permissions.service_calls import deployed
from rehearsal.emulator.rules import lifecycle
from rehearsal.emulator.runtimes import invocations, sdk_calls
from rehearsal.emulator.services import (
    api_backends,
    apis,
    backups,
    buckets,
    builds,
    code_commit,
    connections,
    container_services,
    data_api,
    edge,
    engine_versions,
    executions,
    functions,
    given,
    images,
    jobs,
    load_balancers,
    pipelines,
    point_in_time,
    quotas,
    scaling,
    secrets,
    service_roles,
    started_executions,
    topics,
    unserved,
)
from rehearsal.errors import NOT_EMULATED
from rehearsal.process.aws_hosts import belongs_to_aws, refusal

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

STANDARD_PORTS = {"http": 80, "https": 443}
MAX_BODY_BYTES = 16 * 1024 * 1024
SIGNED_SERVICE = re.compile(r"\bCredential=[^,]*/([^/,]+)/aws4_request")
"""The service in a request's signature."""
OWN_SERVICES: dict[str, Callable[[str, bytes], tuple[int, dict[str, Any]]]] = {
    code_commit.TARGET: code_commit.answer,
    pipelines.TARGET: pipelines.answer,
    quotas.TARGET: quotas.answer,
    scaling.TARGET: scaling.answer,
    **dict.fromkeys(connections.TARGETS, connections.answer),
}
"""By the prefix of a call's `X-Amz-Target`."""


def register_resource_types() -> None:
    """Complete ministack's resource types. Generic types and the rules for all types come last."""
    own = (
        alarms,
        api_backends,
        apis,
        backups,
        buckets,
        builds,
        data_api,
        edge,
        encryption,
        engine_versions,
        faults,
        functions,
        given,
        images,
        load_balancers,
        topics,
        network_types,
        point_in_time,
        provisioned_details,
        service_roles,
        stack_outputs,
    )
    for part in (*own, pipelines, secrets, container_services, generic_types, imports, deletion_rules, lifecycle):
        part.register()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one ASGI connection."""
    if scope["type"] != "http":
        await app.app(scope, receive, send)
        return
    unserved.client.set((scope.get("client") or ("",))[0])
    scope = _with_origin_form(scope)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host", "").rsplit(":", 1)[0].lower()
    target = headers.get("x-amz-target", "")
    if scope["path"].startswith("/_rehearsal/"):
        await _respond_json(send, *await _rehearsals_own(scope["path"], await _body(receive)))
    elif own := next((answer for prefix, answer in OWN_SERVICES.items() if target.startswith(prefix)), None):
        body = await _body(receive)
        with _signer_scope(headers):
            status, answer = own_services.check(target, headers, body) or own(target.rpartition(".")[2], body)
        await _respond_json(send, status, answer)
    elif host.endswith(".elb.amazonaws.com"):
        await _load_balance(scope, receive, send, headers, host)
    elif host in edge.hosts():
        await _serve_distribution(scope, receive, send, headers, host)
    elif service := _lacking_service(scope, headers):
        await _respond_json(send, 400, {"__type": "NotImplemented", "message": f"{NOT_EMULATED}: {service}"})
    elif belongs_to_aws(host):
        if _is_emulated(host, headers):
            await app.app(scope, receive, send)
        else:
            await _respond_json(send, 403, {"message": refusal(host)})
    elif scope.get("proxied") and host not in buckets.hosts():
        await _respond_json(send, 502, {"message": f"the rehearsal's proxy reaches only emulated hosts, not {host}"})
    else:
        await app.app(scope if scope.get("proxied") else _as_tls(scope), receive, send)


def _as_tls(scope: Scope) -> Scope:
    """Treat a loopback request as TLS, so that policies that require TLS allow it."""
    return {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}


async def _rehearsals_own(path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Answer a request of the rehearsal's own interface."""
    if take := _MESSAGES.get(path):
        take(json.loads(body))
        return 200, {}
    if path.startswith("/_rehearsal/permissions"):
        return _permissions(path, body)
    if path == "/_rehearsal/sdk":
        # The call comes back to this server, so it must not block it.
        return 200, await asyncio.to_thread(sdk_calls.answer, body)
    return 200, _state()


def _take_execution(message: dict[str, Any]) -> None:
    with responses.request_scope(message["account"], message["region"]):
        executions.take(message)


def _take_job(job: dict[str, Any]) -> None:
    jobs.announced[job["id"]] = job


_MESSAGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "/_rehearsal/commit": code_commit.rehearse,
    "/_rehearsal/executions": _take_execution,
    "/_rehearsal/given": given.place,
    "/_rehearsal/jobs": _take_job,
}
"""What the rehearsal tells the emulator, by path."""


def _permissions(path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Answer the rehearsal, which does the work of CodePipeline and CodeBuild itself."""
    request = json.loads(body or b"{}")
    try:
        match path.rpartition("/")[2]:
            case "assume":
                return 200, enforcement.assume(request["role"], request["service"], request["session"])
            case "check":
                enforcement.check(request["principal"], request["action"], request["resource"], request.get("context"))
                return 200, {}
            case "service-calls":
                refused = deployed.check(request["account"], request["region"], request["stack"], request["role"])
                return (403, {"message": "\n".join(refused)}) if refused else (200, {})
            case _:
                found = {"mode": enforcement.mode, **recorder.summary(), "service_calls": deployed.summary()}
                return 200, {"permissions": found}
    except enforcement.Refused as refusal:
        return 403, {"message": str(refusal)}


def _lacking_service(scope: Scope, headers: dict[str, str]) -> str:
    """Return the service that a request is signed for if ministack lacks it; its own answer has no text for SDKs."""
    signed = SIGNED_SERVICE.search(headers.get("authorization", ""))
    if signed is None or signed[1] in app.SERVICE_HANDLERS:
        return ""
    # ministack has some services by other names.
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    found = router.detect_service(scope["method"], scope["path"], headers, query)
    return signed[1] if found == signed[1] else ""


def _is_emulated(host: str, headers: dict[str, str]) -> bool:
    """Return whether an AWS host name is a service's; ministack takes an unknown name for a bucket."""
    patterns = (pattern for service in router.SERVICE_PATTERNS.values() for pattern in service.get("host_patterns", ()))
    return (
        "authorization" in headers
        or apis.serves(host)
        or any(router._anchored_host_pattern(pattern).search(host) for pattern in patterns)
    )


def _state() -> dict[str, Any]:
    """Return the emulator's state for the report: emulated hosts, recorded-only types, messages and failures."""
    secure_balancers = [
        found.balancer["DNSName"].lower() for found in load_balancers.everywhere() if "HTTPS" in found.ports().values()
    ]
    distributions = edge.hosts()
    return {
        "recorded_types": sorted(generic_types.recorded_types),
        "distributions": distributions,
        "hosts": [*distributions, *secure_balancers, *buckets.hosts()],
        "messages": topics.published,
        "functions": {
            "idle": functions.are_idle(),
            "failures": functions.failures,
            "differences": {text: sorted(names) for text, names in sorted(invocations.differences.items())},
        },
        "refused": recorder.refused,
        "started": started_executions.requested,
        "unserved": {
            "gaps": [vars(gap) for gap in (*load_balancers.unserved(), *unserved.gaps)],
            "requests": unserved.requests,
        },
        "jobs": jobs.results,
    }


def _with_origin_form(scope: Scope) -> Scope:
    """Convert a proxy request (`GET http://host/path`) to the form that an origin server receives."""
    if not scope["path"].startswith(("http://", "https://")):
        return scope
    url = urlsplit(scope["path"])
    raw = urlsplit(scope.get("raw_path", scope["path"].encode()).decode("latin-1"))
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    proxied = url.hostname not in ("localhost", "127.0.0.1")
    return {
        **scope,
        "path": url.path or "/",
        "raw_path": (raw.path or "/").encode("latin-1"),
        "headers": [*headers, (b"host", url.netloc.encode("latin-1"))],
        "proxied": proxied,
    }


async def _load_balance(scope: Scope, receive: Receive, send: Send, headers: dict[str, str], host: str) -> None:
    found = load_balancers.named(host)
    if found is None:
        # At AWS the name would not resolve.
        await _respond_json(send, 502, {"message": f"no load balancer is named {host}"})
        return
    usual = STANDARD_PORTS[scope.get("scheme", "http")]
    port = int(headers["host"].rpartition(":")[2]) if ":" in headers["host"] else usual
    if port not in found.ports():
        await _respond_json(send, 502, {"message": f"{host} does not listen on port {port}"})
        return
    body = await _bounded_body(receive, send)
    if body is None:
        return
    query = scope.get("query_string", b"").decode()
    with responses.request_scope(found.account, found.region):
        answer = await alb.dispatch_request(
            found.balancer,
            scope["method"],
            scope["path"],
            headers,
            body,
            parse_qs(query, keep_blank_values=True),
            port,
            raw_query_string=query,
            raw_path=scope["raw_path"].decode("latin-1"),
        )
    await app._send_if_handled(send, answer, receive, head=scope["method"] == "HEAD")


async def _serve_distribution(scope: Scope, receive: Receive, send: Send, headers: dict[str, str], host: str) -> None:
    body = await _bounded_body(receive, send)
    if body is None:
        return
    answer = await edge.answer(
        host=host,
        secure=scope.get("scheme") == "https",
        method=scope["method"],
        path=scope["path"],
        raw_path=scope["raw_path"].decode("latin-1").partition("?")[0],
        query=scope.get("query_string", b"").decode(),
        headers=headers,
        body=body,
    )
    await app._send_if_handled(send, answer, receive, head=scope["method"] == "HEAD")


def _signer_scope(headers: dict[str, str]) -> Any:
    """Return a scope with the account and region of the request's signature."""
    key = router.extract_access_key_id(headers)
    account = key if key.isdigit() else responses._account_from_sts_session(key)
    return responses.request_scope(account or responses.get_account_id(), router.extract_region(headers))


async def _body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY_BYTES:
            raise ValueError(f"a request's body may have {MAX_BODY_BYTES} bytes here")
        if not message.get("more_body"):
            return b"".join(chunks)


async def _bounded_body(receive: Receive, send: Send) -> bytes | None:
    """Return the request's body; None after it was refused for its size."""
    try:
        return await _body(receive)
    except ValueError as error:
        await _respond_json(send, 413, {"message": str(error)})
        return None


async def _respond_json(send: Send, status: int, answer: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    await app._send_response(send, status, headers, json.dumps(answer, default=str).encode())
