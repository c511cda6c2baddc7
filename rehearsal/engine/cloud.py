"""Speaks to the emulated AWS with ordinary boto3 clients."""

import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

from cloud_assembly import AwsEnvironment
from rehearsal.engine.emulators import Fact
from rehearsal.process.proxy_settings import ProxySettings

SECRET_KEY = "emulated"  # noqa: S105 - what the emulator expects account-root keys to be signed with
Place = AwsEnvironment
ANSWER_SECONDS = 10.0
"""How long the emulator may take to say what it knows."""


@dataclass(frozen=True)
class Credentials:
    """Whom a call is made as. For the emulator a 12-digit access key *is* the account."""

    access_key: str
    secret_key: str = SECRET_KEY
    session_token: str = ""

    def environment(self) -> dict[str, str]:
        """Return the variables under which every AWS SDK and CLI finds these credentials."""
        found = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        if self.session_token:
            found["AWS_SESSION_TOKEN"] = self.session_token
        return found


class Forbidden(Exception):  # noqa: N818 - named as AWS names the state
    """The policies do not allow a call; the text is AWS's message."""


class Cloud:
    """The emulated AWS at one endpoint."""

    def __init__(self, endpoint: str, proxy: ProxySettings | None = None) -> None:
        self.endpoint = endpoint
        self._proxy = proxy
        # boto3 reads models from disk on a session's first clients and is not safe to share while it does.
        self._lock = threading.Lock()
        # boto3's overloads know each service by a literal name only.
        self._session: Any = boto3.Session(botocore_session=_session_of_nobody())
        self._clients: dict[tuple[str, str, Credentials], Any] = {}

    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        """Return the boto3 client of `service` in `region`; making one takes longer than most calls."""
        with self._lock:
            wanted = (service, region, credentials)
            if wanted not in self._clients:
                self._clients[wanted] = self._new_client(service, region, credentials)
            return self._clients[wanted]

    def _new_client(self, service: str, region: str, credentials: Credentials) -> Any:
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.session_token or None,
            config=Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"total_max_attempts": 2},
                proxies={},
                use_fips_endpoint=False,
                use_dualstack_endpoint=False,
                s3={"addressing_style": "path"},
            ),
        )

    def in_account(self, service: str, place: AwsEnvironment) -> Any:
        """Return a client that acts as the account itself."""
        return self.client(service, place.region, Credentials(place.account))

    def assume(self, role_arn: str, caller: Credentials, region: str, session: str = "rehearsal") -> Credentials:
        """Assume a role as its caller does, and return its credentials."""
        answer = self.client("sts", region, caller).assume_role(RoleArn=role_arn, RoleSessionName=session)
        found = answer["Credentials"]
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def assume_for(self, service: str, role_arn: str, session: str) -> Credentials:
        """Assume a role as a service of AWS does, by its name, such as `codebuild.amazonaws.com`; raises Forbidden."""
        found = self._permissions("assume", {"service": service, "role": role_arn, "session": session})
        return Credentials(found["access_key"], found["secret_key"], found["session_token"])

    def check(self, principal: str, action: str, resource: str, **context: str) -> None:
        """Have a call checked that AWS makes and the rehearsal carries out by itself; raises Forbidden.

        `principal` is the ARN of a role, or a service's name; `context` has condition keys, `__` for their colons.
        """
        keys = {name.replace("__", ":"): value for name, value in context.items()}
        call = {"principal": principal, "action": action, "resource": resource, "context": keys}
        self._permissions("check", call)

    def check_service_calls(self, stack: str, place: AwsEnvironment, role_arn: str) -> None:
        """Have the calls checked that AWS's services will make for a deployed stack; raises Forbidden.

        `role_arn` is the role that CloudFormation deployed it with; empty where it used its caller's permissions.
        """
        asked = {"account": place.account, "region": place.region, "stack": stack, "role": role_arn}
        self._permissions("service-calls", asked)

    def evaluated(self) -> dict[str, Any]:
        """Return what the emulator has evaluated of permissions, for the report."""
        return self._permissions("summary", {})["permissions"]

    def _permissions(self, what: str, message: Mapping[str, Any]) -> dict[str, Any]:
        url, body = f"{self.endpoint}/_rehearsal/permissions/{what}", json.dumps(message).encode()
        try:
            with open_directly(urllib.request.Request(url, data=body), timeout_seconds=ANSWER_SECONDS) as answer:  # noqa: S310 - loopback
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise Forbidden(json.load(refusal)["message"]) from None

    def environment(self, region: str, credentials: Credentials) -> dict[str, str]:
        """Return the environment that leads unmodified AWS tools, and HTTP to emulated hosts, to the emulator."""
        return {
            **credentials.environment(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "HTTP_PROXY": self.endpoint,
            "http_proxy": self.endpoint,
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
            # The CDK's command line would otherwise ask the internet for notices, versions, and give statistics.
            "CDK_NOTICES": "false",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
        }

    def tell(self, message: Mapping[str, Any]) -> None:
        """Tell the emulator what becomes of an execution (`rehearsal/engine/events.py`)."""
        body = json.dumps(message).encode()
        request = urllib.request.Request(f"{self.endpoint}/_rehearsal/executions", data=body)  # noqa: S310 - loopback
        with open_directly(request, timeout_seconds=ANSWER_SECONDS):
            pass

    def known(self, what: Fact) -> Any:
        """Return what the emulator knows of itself: one of the entries of its `/_rehearsal/`."""
        return self.everything_known()[what]

    def everything_known(self) -> dict[str, Any]:
        """Return all that the emulator knows of itself."""
        with open_directly(f"{self.endpoint}/_rehearsal/", timeout_seconds=ANSWER_SECONDS) as answer:
            return json.load(answer)

    def proxy_environment(self, own: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what keeps calls to AWS on this machine, for a child with these other variables of its `own`."""
        return self._proxy.environment(own or {}) if self._proxy else {}

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports of this machine that a child must reach, the emulator's and the tunnel's; none without a tunnel."""
        if self._proxy is None:
            return ()
        found = [urlsplit(url).port for url in (self.endpoint, self._proxy.tunnel)]
        return (*filter(None, found), self._proxy.tls_port)

    @property
    def hooks(self) -> Path | None:
        """The folder of the hooks that lead calls to AWS to the emulator."""
        return self._proxy.hooks if self._proxy else None


def open_directly(url: str | urllib.request.Request, *, timeout_seconds: float) -> Any:
    """Open a URL of this machine as a context manager; whatever proxies the user has are passed by."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout_seconds)


def _session_of_nobody() -> botocore.session.Session:
    """Return a session that reads none of the user's profiles and files: one may ask for what no emulator has."""
    nothing = (None, None, None, None)
    empty_file = (None, None, os.devnull, None)
    return botocore.session.Session(
        session_vars={"profile": nothing, "config_file": empty_file, "credentials_file": empty_file}
    )
