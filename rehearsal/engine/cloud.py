"""Calls the emulated AWS with ordinary boto3 clients."""

import http
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
from botocore.exceptions import BotoCoreError

from cloud_assembly import AwsEnvironment
from rehearsal.engine.emulators import Fact
from rehearsal.process.proxy_settings import ProxySettings

SECRET_KEY = "emulated"  # noqa: S105 - the emulator's secret key of every account
READ_SECONDS = {"lambda": 910}
"""Timeouts of answers by service; a function may run for 15 minutes."""
RESPONSE_SECONDS = 10.0
"""Timeout of requests to the emulator's own API."""


@dataclass(frozen=True)
class Credentials:
    """Credentials of a caller. To the emulator, a 12-digit access key means the account itself."""

    access_key: str
    secret_key: str = SECRET_KEY
    session_token: str = ""

    def environment(self) -> dict[str, str]:
        """Return these credentials as the variables that AWS SDKs and CLIs read."""
        found = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        if self.session_token:
            found["AWS_SESSION_TOKEN"] = self.session_token
        return found


class Forbidden(Exception):  # noqa: N818 - named as AWS names the state
    """No policy allows a call; the text is AWS's message."""


class EmulatorError(BotoCoreError):
    """The emulator itself failed, not a call of the release."""

    fmt = "{request} was answered with HTTP status {status}; see its log, set-up-emulated_AWS.log"


class Cloud:
    """The emulated AWS at one endpoint."""

    def __init__(self, endpoint: str, proxy: ProxySettings | None = None) -> None:
        self.endpoint = endpoint
        self._proxy = proxy
        # A boto3 session is not thread-safe while it creates clients.
        self._lock = threading.Lock()
        # Any, because boto3's overloads accept only literal service names.
        self._session: Any = boto3.Session(botocore_session=_session_without_profile())
        self._clients: dict[tuple[str, str, Credentials], Any] = {}

    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        """Return a boto3 client; cached, because creating one takes longer than most calls."""
        with self._lock:
            key = (service, region, credentials)
            if key not in self._clients:
                self._clients[key] = self._new_client(service, region, credentials)
            return self._clients[key]

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
                read_timeout=READ_SECONDS.get(service, 60),
                # A second invocation would repeat what the function does.
                retries={"total_max_attempts": 1 if service in READ_SECONDS else 2},
                proxies={},
                use_fips_endpoint=False,
                use_dualstack_endpoint=False,
                s3={"addressing_style": "path"},
            ),
        )

    def in_account(self, service: str, environment: AwsEnvironment) -> Any:
        """Return a client with the account's own credentials."""
        return self.client(service, environment.region, Credentials(environment.account))

    def assume(self, role_arn: str, caller: Credentials, region: str, session: str = "rehearsal") -> Credentials:
        """Return the credentials of a role that `caller` assumes."""
        answer = self.client("sts", region, caller).assume_role(RoleArn=role_arn, RoleSessionName=session)
        found = answer["Credentials"]
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def assume_as_service(self, service: str, role_arn: str, session: str) -> Credentials:
        """Return a role's credentials for a service such as `codebuild.amazonaws.com`; raises Forbidden."""
        found = self._permissions("assume", {"service": service, "role": role_arn, "session": session})
        return Credentials(found["access_key"], found["secret_key"], found["session_token"])

    def check(self, principal: str, action: str, resource: str, **context: str) -> None:
        """Check the permission for a call that AWS would make and the rehearsal does not; raises Forbidden.

        `principal` is a role's ARN or a service's name; `context` has condition keys, with `__` instead of colons.
        """
        keys = {name.replace("__", ":"): value for name, value in context.items()}
        call = {"principal": principal, "action": action, "resource": resource, "context": keys}
        self._permissions("check", call)

    def check_service_calls(self, stack: str, environment: AwsEnvironment, role_arn: str) -> None:
        """Check the permissions for calls that AWS services will make for a deployed stack; raises Forbidden.

        `role_arn` is the role with which CloudFormation deployed it, or "" for its caller's permissions.
        """
        request = {
            "account": environment.account,
            "region": environment.region,
            "stack": stack,
            "role": role_arn,
        }
        self._permissions("service-calls", request)

    def permission_summary(self) -> dict[str, Any]:
        """Return the emulator's permission evaluations."""
        return self._permissions("summary", {})["permissions"]

    def _permissions(self, what: str, message: Mapping[str, Any]) -> dict[str, Any]:
        url, body = f"{self.endpoint}/_rehearsal/permissions/{what}", json.dumps(message).encode()
        try:
            with open_without_proxy(urllib.request.Request(url, data=body), timeout_seconds=RESPONSE_SECONDS) as answer:  # noqa: S310 - loopback
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                if refusal.code != http.HTTPStatus.FORBIDDEN:
                    raise EmulatorError(request=what, status=refusal.code) from None
                raise Forbidden(json.load(refusal)["message"]) from None

    def environment(self, region: str, credentials: Credentials) -> dict[str, str]:
        """Return the variables that direct AWS tools, and HTTP to emulated hosts, to the emulator."""
        return {
            **credentials.environment(),
            # An address: before a name, SDKs put the bucket's, and `bucket.localhost` resolves only on some machines.
            "AWS_ENDPOINT_URL": self.endpoint.replace("localhost", "127.0.0.1"),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "HTTP_PROXY": self.endpoint,
            "http_proxy": self.endpoint,
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
            # Otherwise the CDK CLI requests notices and versions, and sends telemetry.
            "CDK_NOTICES": "false",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
        }

    def publish_event(self, message: Mapping[str, Any]) -> None:
        """Report a change of an execution to the emulator (`rehearsal/engine/events.py`)."""
        self._post("executions", message)

    def place(self, message: Mapping[str, Any]) -> None:
        """Create what an account contains before any deployment (`rehearsal/emulator/services/given.py`)."""
        self._post("given", message)

    def set_commit(self, repository: Path, commit: str) -> None:
        """Set what CodeCommit's repositories contain (`rehearsal/emulator/services/code_commit.py`)."""
        self._post("commit", {"directory": str(repository), "commit": commit})

    def announce_job(self, job: Mapping[str, Any]) -> None:
        """Tell the emulator of a job that a function will be invoked with (`rehearsal/emulator/services/jobs.py`)."""
        self._post("jobs", job)

    def _post(self, place: str, message: Mapping[str, Any]) -> None:
        body = json.dumps(message).encode()
        request = urllib.request.Request(f"{self.endpoint}/_rehearsal/{place}", data=body)  # noqa: S310 - loopback
        with open_without_proxy(request, timeout_seconds=RESPONSE_SECONDS):
            pass

    def fact(self, what: Fact) -> Any:
        """Return one entry of the emulator's `/_rehearsal/`."""
        return self.facts()[what]

    def facts(self) -> dict[str, Any]:
        """Return every entry of the emulator's `/_rehearsal/`."""
        with open_without_proxy(f"{self.endpoint}/_rehearsal/", timeout_seconds=RESPONSE_SECONDS) as answer:
            return json.load(answer)

    def proxy_environment(self, own: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables that keep calls to AWS on this machine, for a child with the variables `own`."""
        return self._proxy.environment(own or {}) if self._proxy else {}

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports of the emulator and the tunnel, which children must reach; none without a tunnel."""
        if self._proxy is None:
            return ()
        found = [urlsplit(url).port for url in (self.endpoint, self._proxy.tunnel)]
        return (*filter(None, found), self._proxy.tls_port)

    @property
    def hooks(self) -> Path | None:
        """The folder of the hooks that redirect calls to AWS."""
        return self._proxy.hooks if self._proxy else None


def open_without_proxy(url: str | urllib.request.Request, *, timeout_seconds: float) -> Any:
    """Open a URL of this machine as a context manager, without the user's proxies."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout_seconds)


def _session_without_profile() -> botocore.session.Session:
    """Return a session that ignores the user's AWS profiles, whose settings may not work with an emulator."""
    nothing = (None, None, None, None)
    empty_file = (None, None, os.devnull, None)
    return botocore.session.Session(
        session_vars={"profile": nothing, "config_file": empty_file, "credentials_file": empty_file}
    )
