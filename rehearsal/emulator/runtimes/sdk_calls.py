"""AWS calls of Node functions: made with botocore, with the credentials of the function.

A function's `@aws-sdk` (`sdk.cjs`) sends what to call. The call itself goes through the emulator like any other, so
that permissions are evaluated.
"""

import base64
import json
import os
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, WaiterError
from botocore.response import StreamingBody

from rehearsal.errors import NOT_EMULATED

OWN_MEMBERS = ("Error", "ResponseMetadata")
"""What botocore adds to an error's members."""

UNKNOWN_CALL = ("InvalidAction", "UnknownOperationException", "UnknownOperation", "NotImplemented")
"""ministack's codes for calls that it lacks; the models know them, so AWS would not say so."""

_lock = threading.Lock()
_session: Any = None
_clients: dict[tuple[str, ...], Any] = {}


def answer(body: bytes) -> dict[str, Any]:
    """Make the call in a function's message; return its result or error."""
    message = json.loads(body)
    try:
        client = _client(message["service"], message["region"], message["credentials"])
        parameters = _decoded(message["parameters"])
        if waiter := message.get("waiter"):
            _wait(client, waiter, parameters, message["seconds"])
            return {"status": 200, "result": {}}
        result = client._make_api_call(message["operation"], parameters)
    except WaiterError as error:
        return {"status": 400, "error": {"code": "TimeoutError", "message": str(error)}}
    except ClientError as error:
        return _error(error)
    except ParamValidationError as error:
        return {"status": 400, "error": {"code": "ValidationError", "message": str(error)}}
    except BotoCoreError as error:
        called = f"{message['service']}:{message['operation']}"
        return {"status": 500, "error": {"code": "NotEmulated", "message": f"{NOT_EMULATED}: {called}: {error}"}}
    details = result.pop("ResponseMetadata", {})
    return {
        "status": details.get("HTTPStatusCode", 200),
        "request": details.get("RequestId", ""),
        "result": _encoded(result),
    }


def _client(service: str, region: str, credentials: Mapping[str, str]) -> Any:
    global _session  # noqa: PLW0603 - made at the first call, because most rehearsals make none
    key, secret, token = (credentials.get(name) or "" for name in ("accessKeyId", "secretAccessKey", "sessionToken"))
    with _lock:
        if _session is None:
            _session = botocore.session.Session(
                session_vars=dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
            )
        if (service, region, key, token) not in _clients:
            _clients[service, region, key, token] = _session.create_client(
                service,
                region_name=region,
                endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token or None,
                config=Config(
                    retries={"total_max_attempts": 1},
                    proxies={},
                    inject_host_prefix=False,
                    s3={"addressing_style": "path"},
                ),
            )
        return _clients[service, region, key, token]


def _wait(client: Any, name: str, parameters: dict[str, Any], seconds: float) -> None:
    found = next(one for one in client.waiter_names if one.replace("_", "") == name.lower())
    client.get_waiter(found).wait(**parameters, WaiterConfig={"Delay": 1, "MaxAttempts": max(1, int(seconds))})


def _error(error: ClientError) -> dict[str, Any]:
    response: Mapping[str, Any] = error.response
    members = {name: value for name, value in response.items() if name not in OWN_MEMBERS}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    described = {"code": response["Error"].get("Code", "Unknown"), "message": response["Error"].get("Message", "")}
    if described["code"] in UNKNOWN_CALL:
        described["message"] = f"{NOT_EMULATED}: {error.operation_name}: {described['message']}"
    return {"status": status, "error": {**_encoded(members), **described}}


def _encoded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _encoded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_encoded(item) for item in value]
    if isinstance(value, StreamingBody):
        return {"$stream": base64.b64encode(value.read()).decode()}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$date": value.isoformat()}
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$bytes"}:
        return base64.b64decode(value["$bytes"])
    if set(value) == {"$date"}:
        return datetime.fromisoformat(value["$date"])
    # JSON has dropped what was undefined; null is an absent parameter too.
    return {name: _decoded(item) for name, item in value.items() if item is not None}
