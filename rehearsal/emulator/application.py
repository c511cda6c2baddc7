"""The ASGI application: ministack with three doors of its own in front.

- Requests for an emulated load balancer find it in every account and region. ministack looks it up in the account that
  signed the request, and browsers and tests sign nothing. They arrive by `HTTP_PROXY`, so the path may be a whole URL.
- CodePipeline's `GetPipeline`.
- `/_rehearsal/…`: what the rehearsal asks the emulator itself.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rehearsal.emulator import (
    alarms,
    buckets,
    faults,
    generic_types,
    library_functions,
    network_types,
    pipelines,
    secrets,
)
from rehearsal.emulator.internals import alb, app, responses, router

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

HTTP_PORT = 80
MAX_BODY_BYTES = 16 * 1024 * 1024


def register_resource_types() -> None:
    """Complete ministack's resource types; the generic ones last, for what is still missing."""
    for part in (alarms, buckets, network_types, library_functions, pipelines, secrets, faults, generic_types):
        part.register()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one ASGI connection."""
    if scope["type"] != "http":
        await app.app(scope, receive, send)
        return
    scope = _with_origin_form(scope)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host", "").rsplit(":", 1)[0].lower()
    target = headers.get("x-amz-target", "")
    if scope["path"].startswith("/_rehearsal/"):
        await _respond_json(send, 200, {"recorded_types": sorted(generic_types.recorded_types)})
    elif target.startswith(pipelines.TARGET):
        body = await _body(receive)
        with _signer_scope(headers):
            status, answer = pipelines.answer(target.removeprefix(pipelines.TARGET), body)
        await _respond_json(send, status, answer)
    elif host.endswith(".elb.amazonaws.com"):
        await _load_balance(scope, receive, send, headers, host)
    elif scope.get("proxied"):
        await _respond_json(send, 502, {"message": f"the rehearsal's proxy leads only to emulated hosts, not {host}"})
    else:
        await app.app(scope, receive, send)


def _with_origin_form(scope: Scope) -> Scope:
    """Bring a proxy request (`GET http://host/path`) into the form an origin server sees."""
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
    for (account, region, _), balancer in list(alb._lbs._data.items()):
        if balancer["DNSName"].lower() != host:
            continue
        query = scope.get("query_string", b"").decode()
        try:
            body = await _body(receive)
        except ValueError as error:
            await _respond_json(send, 413, {"message": str(error)})
            return
        port = int(headers["host"].rpartition(":")[2]) if ":" in headers["host"] else HTTP_PORT
        with responses.request_scope(account, region):
            listening = [item["Port"] for item in alb._listeners.values() if _belongs(item, balancer)]
            if port not in listening:
                await _respond_json(send, 502, {"message": f"{host} does not listen on port {port}"})
                return
            answer = await alb.dispatch_request(
                balancer,
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
        return
    # A name no load balancer has would not resolve at all.
    await _respond_json(send, 502, {"message": f"no load balancer is named {host}"})


def _belongs(listener: dict[str, Any], balancer: dict[str, Any]) -> bool:
    return listener["LoadBalancerArn"] == balancer["LoadBalancerArn"]


def _signer_scope(headers: dict[str, str]) -> Any:
    """Scope what follows to the account and region of the request's signature."""
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


async def _respond_json(send: Send, status: int, answer: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    await app._send_response(send, status, headers, json.dumps(answer, default=str).encode())
