"""The environment variables of the HTTP checks, validated together."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from integration_tests.variable_reader import REGION, Reader

DEFAULT_DEADLINE_SECONDS = 300.0
"""Several times the slowest start measured (57 s), and enough for one rolling replacement."""
DEFAULT_CONSECUTIVE_SUCCESSES = 5
DEFAULT_P99_LIMIT_SECONDS = 2.0
"""The health path uses neither the database nor the engine, so a task that takes two seconds is overloaded."""
DEFAULT_ERROR_RATE_LIMIT_PERCENT = 1.0
DEFAULT_SAMPLE_REQUESTS = 100
"""The smallest sample of which 1 % is a whole request."""
MOST_SAMPLE_REQUESTS = 1000


@dataclass(frozen=True, kw_only=True)
class HttpVariables:
    """The variables of the HTTP checks."""

    environment: str
    """The environment's name, for messages only."""
    alb_url: str
    """The load balancer's URL, without a trailing slash."""
    health_path: str
    released_version: str | None
    """The version that every task must report; None: every version passes, as long as it is only one."""
    deadline_seconds: float
    """Deadline of the run: how long after its start checks may wait."""
    consecutive_successes: int
    """Healthy responses in a row that make the environment healthy."""
    p99_limit_seconds: float
    """Latency limit for 99 % of the sample."""
    error_rate_limit_percent: float
    """Share of the sample that may fail."""
    sample_requests: int
    distribution_url: str | None
    """CloudFront's URL, over HTTPS; None: CloudFront is not tested."""
    static_path: str
    """A path of static content that the environment's deployment uploads."""
    static_bucket_url: str | None
    """The S3 URL of the bucket of static content; None: the bucket is not tested."""
    open_engine_api: bool
    """Whether the engine's API is meant to be reachable through CloudFront."""


def _static_bucket_url(reader: Reader, variables: Mapping[str, str]) -> str | None:
    """Read the bucket's URL, or make it from the bucket's name and the region."""
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
    """Read the variables of the HTTP checks and list every mistake; use the values only if there is none."""
    reader = Reader(variables)
    alb_url = reader.url("ALB_URL", "the load balancer's address, such as http://name.elb.amazonaws.com")
    distribution_url = reader.url("DISTRIBUTION_URL", "CloudFront's address, such as https://name.cloudfront.net", "")
    if distribution_url.startswith("http:"):
        reader.refuse("DISTRIBUTION_URL", distribution_url, "does not start with https")
    http = HttpVariables(
        environment=reader.text("ENVIRONMENT", "the environment's name", default=urlsplit(alb_url).netloc or "unnamed"),
        alb_url=alb_url,
        health_path=reader.text("HEALTH_PATH", "the path of the health check, such as /resourceService/", r"/[^\s?#]*"),
        released_version=reader.optional(
            "RELEASED_VERSION", "the version that the released tasks report", r"[\w.:-]{1,128}"
        ),
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
