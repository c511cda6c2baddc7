"""The one source of configuration: environment variables, read and checked all at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

REGION = r"[a-z]{2}(-[a-z]+)+-\d"
_ARN_OF_A_SECRET = r"arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:\S+"  # noqa: S105  # how one is named
DEFAULT_DEADLINE_SECONDS = 300.0
"""Long enough for the slowest start measured (57 s) several times over, and for one rolling replacement."""
DEFAULT_CONSECUTIVE_SUCCESSES = 5
DEFAULT_P99_LIMIT_SECONDS = 2.0
"""The health path touches neither the database nor the engine: two seconds are a task in distress."""
DEFAULT_ERROR_RATE_LIMIT_PERCENT = 1.0
DEFAULT_SAMPLE_REQUESTS = 100
"""The fewest of which 1 % can be one."""
MOST_SAMPLE_REQUESTS = 1000


@dataclass(frozen=True, kw_only=True)
class HttpVariables:
    """What the HTTP checks need."""

    environment: str
    """The environment's name, for messages only."""
    alb_url: str
    """Where the load balancer answers, without a trailing slash."""
    health_path: str
    deadline_seconds: float
    """How long after the start of the run a state may still be waited for."""
    consecutive_successes: int
    """Healthy answers in a row that make the environment healthy."""
    p99_limit_seconds: float
    """What 99 % of the sample's answers may take."""
    error_rate_limit_percent: float
    """How much of the sample may fail."""
    sample_requests: int
    distribution_url: str | None
    """Where CloudFront answers, over HTTPS; None: there is none to be asked."""
    static_path: str
    """A path of static content that the environment's own deployment provides."""
    static_bucket_url: str | None
    """The bucket of static content as S3 itself serves it; None: not to be asked."""
    open_engine_api: bool
    """Whether the engine's own API is meant to be reached through CloudFront."""


@dataclass(frozen=True, kw_only=True)
class AccountVariables:
    """What the AWS checks need."""

    region: str
    cluster_name: str
    service_name: str
    target_group_arn: str
    task_definition_arn: str
    """The released revision."""
    alarm_name_prefix: str
    origin_secret_arn: str | None = None
    """The secret whose value passes the load balancer; None: what needs it is skipped, and said so."""
    engine_credentials_arn: str | None = None
    """The engine's administrator; None: as above."""
    verifier_role_arn: str | None
    """The role to assume in the environment's account; None: the caller's own credentials serve."""
    endpoint_url: str | None
    """AWS's own variable for another endpoint than AWS's (an emulator's); boto3 reads it too."""


class _Reader:
    """Reads one variable after another and keeps the mistakes until all have been read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.mistakes: list[str] = []

    def text(self, name: str, meaning: str, pattern: str = r"\S.*", default: str | None = None) -> str:
        value = self._variables.get(name, "").strip() or default
        if value is None:
            self.mistakes.append(f"{name} is missing: {meaning}")
            return ""
        if not re.fullmatch(pattern, value):
            self.refuse(name, value, f"is not {meaning}")
        return value

    def optional(self, name: str, meaning: str, pattern: str) -> str | None:
        return self.text(name, meaning, pattern, default="") if self._variables.get(name, "").strip() else None

    def number(
        self, name: str, meaning: str, default: float, *, least: float, most: float = 999_999, whole: bool = False
    ) -> float:
        text = self._variables.get(name, "").strip()
        if not text:
            return default
        if not re.fullmatch(r"\d{1,6}" if whole else r"\d{1,6}(\.\d{1,6})?", text) or not least <= float(text) <= most:
            self.refuse(name, text, f"is not {meaning}")
            return default
        return float(text)

    def url(self, name: str, meaning: str, default: str | None = None) -> str:
        value = self.text(name, meaning, r"|\S.*", default=default).rstrip("/")
        if not value:
            return value
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port  # a port that is no port shows itself only when it is read
        except ValueError as error:
            self.refuse(name, value, f"is not {meaning} ({error})")
            return ""
        if "@" in parts.netloc:
            self.mistakes.append(f"{name} holds a user name or password; it must be {meaning}")
        elif parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or " " in value:
            self.refuse(name, value, f"is not {meaning}")
        return value

    def refuse(self, name: str, value: str, fault: str) -> None:
        self.mistakes.append(f"{name} {fault}: {value[:100]!r}")


def _static_bucket_url(reader: _Reader, variables: Mapping[str, str]) -> str | None:
    """Read the bucket by its name, which with the region makes S3's own address, or by another address of it."""
    meaning = "the name of the bucket of static content, or its address"
    if "://" in variables.get("STATIC_BUCKET", ""):
        return reader.url("STATIC_BUCKET", meaning) or None
    name = reader.optional("STATIC_BUCKET", meaning, r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
    if not name:
        return None
    region = reader.text("ENVIRONMENT_REGION", "the environment's region, such as eu-central-1", REGION)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{name}.s3.{region}.{suffix}"


def read_http_variables(variables: Mapping[str, str]) -> tuple[HttpVariables, list[str]]:
    """Read what the HTTP checks need; the list names every mistake, and the values serve only while it is empty."""
    reader = _Reader(variables)
    alb_url = reader.url("ALB_URL", "the load balancer's address, such as http://name.elb.amazonaws.com")
    distribution_url = reader.url("DISTRIBUTION_URL", "CloudFront's address, such as https://name.cloudfront.net", "")
    if distribution_url.startswith("http:"):
        reader.refuse("DISTRIBUTION_URL", distribution_url, "does not start with https")
    http = HttpVariables(
        environment=reader.text("ENVIRONMENT", "the environment's name", default=urlsplit(alb_url).netloc or "unnamed"),
        alb_url=alb_url,
        health_path=reader.text("HEALTH_PATH", "the path of the health check, such as /resourceService/", r"/[^\s?#]*"),
        deadline_seconds=reader.number(
            "DEADLINE_SECONDS", "a number of seconds above 0", DEFAULT_DEADLINE_SECONDS, least=0.001
        ),
        consecutive_successes=int(
            reader.number(
                "CONSECUTIVE_SUCCESSES", "a whole number from 1", DEFAULT_CONSECUTIVE_SUCCESSES, least=1, whole=True
            )
        ),
        p99_limit_seconds=reader.number(
            "P99_LIMIT_SECONDS", "a number of seconds above 0", DEFAULT_P99_LIMIT_SECONDS, least=0.001
        ),
        error_rate_limit_percent=reader.number(
            "ERROR_RATE_LIMIT_PERCENT",
            "a percentage from 0 to 100",
            DEFAULT_ERROR_RATE_LIMIT_PERCENT,
            least=0,
            most=100,
        ),
        sample_requests=int(
            reader.number(
                "SAMPLE_REQUESTS",
                f"a whole number from 1 to {MOST_SAMPLE_REQUESTS}",
                DEFAULT_SAMPLE_REQUESTS,
                least=1,
                most=MOST_SAMPLE_REQUESTS,
                whole=True,
            )
        ),
        distribution_url=distribution_url or None,
        static_path=reader.text("STATIC_PATH", "a path of static content", r"/[^\s?#]*", default="/static/check.txt"),
        static_bucket_url=_static_bucket_url(reader, variables),
        open_engine_api=reader.text("OPEN_ENGINE_API", "true or false", "true|false", default="false") == "true",
    )
    return http, reader.mistakes


def read_account_variables(variables: Mapping[str, str]) -> tuple[AccountVariables, list[str]]:
    """Read what the AWS checks need; the list names every mistake, and the values serve only while it is empty."""
    reader = _Reader(variables)
    region = reader.text("ENVIRONMENT_REGION", "the environment's region, such as eu-central-1", REGION)
    account = AccountVariables(
        region=region,
        cluster_name=reader.text("CLUSTER_NAME", "the name of the ECS cluster", r"[\w-]{1,255}"),
        service_name=reader.text("SERVICE_NAME", "the name of the ECS service", r"[\w-]{1,255}"),
        target_group_arn=reader.text(
            "TARGET_GROUP_ARN",
            "the ARN of the load balancer's target group",
            r"arn:aws[\w-]*:elasticloadbalancing:[\w-]+:\d{12}:targetgroup/\S+",
        ),
        task_definition_arn=reader.text(
            "TASK_DEFINITION_ARN",
            "the ARN of the released task definition, its revision included",
            r"arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition/[\w-]+:\d+",
        ),
        alarm_name_prefix=reader.text("ALARM_NAME_PREFIX", "how the names of the environment's alarms begin"),
        origin_secret_arn=reader.optional("ORIGIN_SECRET_ARN", "the ARN of the origin's secret", _ARN_OF_A_SECRET),
        engine_credentials_arn=reader.optional(
            "ENGINE_CREDENTIALS_ARN", "the ARN of the engine's credentials", _ARN_OF_A_SECRET
        ),
        verifier_role_arn=reader.optional(
            "VERIFIER_ROLE_ARN", "the ARN of a role to assume", r"arn:aws[\w-]*:iam::\d{12}:role/\S+"
        ),
        endpoint_url=reader.optional("AWS_ENDPOINT_URL", "an address that starts with http", r"https?://\S+"),
    )
    if not reader.mistakes:
        for name, arn in [
            ("TARGET_GROUP_ARN", account.target_group_arn),
            ("TASK_DEFINITION_ARN", account.task_definition_arn),
        ]:
            if arn.split(":")[3] != region:
                reader.refuse(name, arn, f"is not of the region that ENVIRONMENT_REGION names, {region}")
    return account, reader.mistakes
