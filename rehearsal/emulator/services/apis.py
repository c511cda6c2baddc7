"""API Gateway's and Lambda's URLs: served under the names that AWS gives them, from any account.

ministack looks for an API in the account that signed a request, but browsers and tests do not sign.
"""

import re
from typing import Any, Final

from rehearsal.emulator.internals import app, responses, service

API: Final = re.compile(r"^([a-z0-9]{8,10})\.execute-api\.(?:localhost|[a-z0-9-]+\.amazonaws\.com(?:\.cn)?)(?::\d+)?$")


def register() -> None:
    """Serve an API under its name in AWS's domain too."""
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


def _owner(api: str) -> tuple[str, str] | None:
    """Return the account and region of an API."""
    stores = (service("apigateway_v1")._rest_apis, service("apigateway")._apis)
    keys = (key for store in stores for key, _ in store.all_items())
    return next(((account, region) for account, region, identifier in keys if identifier == api), None)
