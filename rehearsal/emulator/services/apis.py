"""API Gateway's and Lambda's URLs: served under the names that AWS gives them, from any account.

ministack looks for an API in the account that signed a request, but browsers and tests do not sign.
"""

import http.client
import os
import re
from collections.abc import Mapping
from typing import Any, Final

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, app, cloudfront, here, responses, service

API: Final = re.compile(r"^([a-z0-9]{8,10})\.execute-api\.(?:localhost|[a-z0-9-]+\.amazonaws\.com(?:\.cn)?)(?::\d+)?$")


Answer = tuple[int, str, list[tuple[str, str]], bytes]
"""Status, reason, headers and body."""


def register() -> None:
    """Serve an API under its name in AWS's domain too, also to distributions, and let stacks give that name."""
    providers.register(HttpApi("AWS::ApiGatewayV2::Api"))
    cloudfront._forward_to_origin = _forward_to_origin
    app._EXECUTE_API_RE = API
    above = app._handle_execute_api_request

    async def handle(host: str, *arguments: Any, **named: Any) -> Any:
        called = API.match(host)
        owner = _owner(called[1]) if called else None
        if owner is None:
            return await above(host, *arguments, **named)
        with responses.request_scope(*owner):
            return await above(host, *arguments, **named)

    app._handle_execute_api_request = handle


def serves(host: str) -> bool:
    """Return whether a host is that of an API or of a function's URL."""
    return bool(API.match(host) or app._LAMBDA_URL_RE.match(host))


class HttpApi(providers.Extension):
    """APIs of the second generation: ministack's endpoint is a name that only few programs resolve."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        identifier, attributes = super().create(logical_id, properties, stack_name)
        region = here()[1]
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        scheme = "wss" if properties.get("ProtocolType") == "WEBSOCKET" else "https"
        endpoint = f"{scheme}://{identifier}.execute-api.{region}.{suffix}"
        service("apigateway")._apis[identifier]["apiEndpoint"] = endpoint
        return identifier, {**attributes, "ApiEndpoint": endpoint}


_elsewhere = cloudfront._forward_to_origin


def _forward_to_origin(  # noqa: PLR0917 - the parameters are ministack's
    origin: Mapping[str, Any], method: str, uri: str, query: str, headers: Mapping[str, Any], body: bytes, *rest: Any
) -> Answer:
    """Ask an API for a distribution; ministack itself asks no host of AWS's."""
    host = origin["domain_name"].lower()
    called = API.match(host)
    if called is None or _owner(called[1]) is None:
        return _elsewhere(origin, method, uri, query, headers, body, *rest)
    sent = cloudfront._origin_request_headers(origin, headers, *rest[1:])
    if next((value for name, value in sent.items() if name.lower() == "host"), host).lower() != host:
        # As when a policy forwards the viewer's.
        return 403, "Forbidden", [("Content-Type", "application/json")], b'{"message":"Forbidden"}'
    seconds = origin.get("read_timeout", 30)
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["GATEWAY_PORT"]), timeout=seconds)
    try:
        connection.request(method, f"{uri}?{query}" if query else uri, body=body or None, headers=sent)
        answer = connection.getresponse()
        return answer.status, answer.reason, answer.getheaders(), answer.read()
    except TimeoutError as error:
        raise cloudfront.OriginTimeout(str(error)) from error
    except OSError as error:
        raise cloudfront.OriginUnreachable(str(error)) from error
    finally:
        connection.close()


def _owner(api: str) -> tuple[str, str] | None:
    """Return the account and region of an API."""
    stores = (service("apigateway_v1")._rest_apis, service("apigateway")._apis)
    keys = (key for store in stores for key, _ in store.all_items())
    return next(((account, region) for account, region, identifier in keys if identifier == api), None)
