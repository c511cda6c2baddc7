"""An AWS that answers each call with a value or an error: real boto3 clients and retries, no network, no waiting.

A test gives the values that let a program run, and one operation that fails. Clients are made once in a process,
because each reads the description of its service.
"""

import json
import os
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, Final

import botocore.endpoint
import botocore.session
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError
from botocore.retries.bucket import TokenBucket
from botocore.retries.quota import RetryQuota

ABSENT, DENIED, THROTTLED, BROKEN, UNREACHABLE = "absent", "denied", "throttled", "broken", "unreachable"
KINDS: Final = (ABSENT, DENIED, THROTTLED, BROKEN, UNREACHABLE)
REGION: Final = "us-east-1"

Error = tuple[int, str, str]
"""HTTP status, code and message."""
Value = Mapping[str, Any]
"""A parsed answer."""

_create = botocore.session.Session.create_client
_session = botocore.session.Session()
_clients: dict[tuple[str, ...], Any] = {}
_current: "list[FakeAws]" = []


@dataclass
class FakeAws:
    """What AWS answers, by operation as boto3 names its methods."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """An answer, an error, or a function from the call's parameters to one of them."""
    failing: str = ""
    """The operation that fails."""
    kind: str = ""
    """How it fails: one of KINDS."""
    absent: Error | None = None
    """The error if the kind is ABSENT."""
    attempts: Counter[str] = field(default_factory=Counter)
    """How often each operation was sent, retries included."""
    modes: dict[str, str] = field(default_factory=dict)
    """The retry mode that the program configures for each service."""

    def client(self, service: str, region: str, config: Any) -> Any:
        """Return a client that this AWS answers, with the retries that the program configures."""
        retries = getattr(config, "retries", None) or {}
        self.modes[service] = retries.get("mode", "")
        key = service, region, json.dumps(retries, sort_keys=True)
        if key not in _clients:
            secrets = {"aws_access_key_id": "a", "aws_secret_access_key": "s"}
            _clients[key] = _create(_session, service, region_name=region, config=config, **secrets)
            meta = _clients[key].meta
            protocol = meta.service_model.resolved_protocol
            meta.events.register("provide-client-params", _remember)
            meta.events.register("before-call", _value)
            meta.events.register("before-send", partial(_failure, service, protocol))
        return _clients[key]

    def value(self, model: Any, context: Value, **_: Any) -> Any:
        """Return the answer to a call; None for the operation that fails."""
        operation = xform_name(model.name)
        if operation == self.failing:
            # It is sent, so that botocore retries it.
            return None
        self.attempts[operation] += 1
        value = self.values.get(operation, (501, "NoAnswer", f"the test has no answer for {operation}"))
        answer = value(context["asked"]) if callable(value) else value
        if isinstance(answer, tuple):
            status, code, message = answer
            metadata = {"HTTPStatusCode": status}
            error = {"Code": code, "Message": message}
            return SimpleNamespace(status_code=status), {"Error": error, "ResponseMetadata": metadata}
        # botocore's handlers change what they are given.
        return SimpleNamespace(status_code=200), deepcopy(dict(answer))

    def failure(self, service: str, protocol: str, request: Any, **_: Any) -> AWSResponse:
        """Return the error of a request, or raise that of its connection."""
        self.attempts[self.failing] += 1
        if self.kind == UNREACHABLE:
            raise EndpointConnectionError(endpoint_url=request.url)
        error = self.absent if self.kind == ABSENT else error_of(service, protocol, self.kind)
        return _Response(request.url, protocol, error or (501, "NoAnswer", "the test says not what absent is"))


def _remember(params: Value, context: dict[str, Any], **_: Any) -> None:
    context["asked"] = params


def _value(**call: Any) -> Any:
    return _current[-1].value(**call)


def _failure(service: str, protocol: str, **call: Any) -> AWSResponse:
    return _current[-1].failure(service, protocol, **call)


def _nothing(*_: Any, **__: Any) -> bool:
    return True


def error_of(service: str, protocol: str, kind: str) -> Error:
    """Return how a service denies or throttles a call, or breaks (the services' API references, "Common errors")."""
    plain = protocol in ("query", "rest-xml")
    if kind == DENIED:
        code = "UnauthorizedOperation" if protocol == "ec2" else "AccessDenied" if plain else "AccessDeniedException"
        return 403, code, "User is not authorized to perform this"
    if kind == THROTTLED and service == "s3":
        return 503, "SlowDown", "Please reduce your request rate."
    if kind == THROTTLED:
        code = "RequestLimitExceeded" if protocol == "ec2" else "Throttling" if plain else "ThrottlingException"
        return 400, code, "Rate exceeded"
    return 503, "ServiceUnavailable", "The service is unavailable"


class _Response(AWSResponse):
    """An error in the form of a protocol."""

    def __init__(self, url: str, protocol: str, error: Error) -> None:
        status, code, message = error
        super().__init__(url, status, HTTPHeaders(), None)
        text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        forms = {
            "ec2": f"<Response><Errors>{text}</Errors><RequestID>0123</RequestID></Response>",
            "query": f"<ErrorResponse>{text}<RequestId>0123</RequestId></ErrorResponse>",
            "rest-xml": text,
        }
        self._content = forms.get(protocol, json.dumps({"__type": code, "message": message})).encode()


@contextmanager
def fake_aws() -> Generator[FakeAws, None, None]:
    """Answer every client of this process. Nothing waits between retries, and none is refused for want of quota."""
    fake = FakeAws()

    def create(session: Any, service_name: str, region_name: str | None = None, **rest: Any) -> Any:
        region = region_name or session.get_config_variable("region") or REGION
        return fake.client(service_name, region, rest.get("config"))

    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
            patch.delenv(name)
        for name, value in {
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }.items():
            patch.setenv(name, value)
        patch.setattr(botocore.session.Session, "create_client", create)
        # Every client comes from one session, so the others need none; each would take milliseconds.
        patch.setattr(botocore.session.Session, "_register_builtin_handlers", _nothing)
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=_nothing))
        patch.setattr(RetryQuota, "acquire", _nothing)
        patch.setattr(TokenBucket, "acquire", _nothing)
        _current.append(fake)
        yield fake
        _current.remove(fake)
