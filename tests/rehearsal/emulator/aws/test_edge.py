"""The edge answers HTTPS requests to deployed distributions as CloudFront does, through the tunnel."""

import socket
import ssl
import time
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from rehearsal.gaps import GapKind
from tests.faulty_http_server import Server, respond, serve
from tests.rehearsal.emulator.aws.test_load_balancers import by_proxy, template
from tests.rehearsal.emulator.conftest import Account, attribute, ref, resource

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
GUARD = """function handler(event) {
    if (event.request.uri.startsWith('/yawl')) { return { statusCode: 403, statusDescription: 'Forbidden' }; }
    return event.request;
}"""
BROKEN = "function handler(event) { for (;;) { } }"


@pytest.fixture
def task() -> Generator[Server, None, None]:
    """The target of the load balancer."""
    found = respond(200, b"from the task", content_type="text/plain")
    with serve(found, elsewhere=found) as server:
        yield server


def distribution(bucket: str, guard: str = GUARD) -> dict[str, dict[str, Any]]:
    """A distribution with two origins: a load balancer that requires a header, and a bucket that trusts CloudFront."""
    closed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403", "MessageBody": "no"}}
    header = {"HttpHeaderName": "X-Origin-Verify", "Values": ["it is me"]}
    resources = template()
    resources["Listener"]["Properties"]["DefaultActions"] = [closed]
    resources["Closed"] = resource(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        ListenerArn=ref("Listener"),
        Priority=1,
        Conditions=[{"Field": "http-header", "HttpHeaderConfig": header}],
        Actions=[{"Type": "forward", "TargetGroupArn": ref("Group")}],
    )
    dynamic = {
        "TargetOriginId": "engine",
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_VIEWER_EXCEPT_HOST,
        "ResponseHeadersPolicyId": ref("Headers"),
        "FunctionAssociations": [{"EventType": "viewer-request", "FunctionARN": attribute("Guard", "FunctionARN")}],
    }
    static = {
        "PathPattern": "/static/*",
        "TargetOriginId": "static",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": CACHING_OPTIMIZED,
        "ResponseHeadersPolicyId": ref("Headers"),
    }
    engine = {
        "Id": "engine",
        "DomainName": attribute("Balancer", "DNSName"),
        "CustomOriginConfig": {"OriginProtocolPolicy": "http-only"},
        "OriginCustomHeaders": [{"HeaderName": "X-Origin-Verify", "HeaderValue": "it is me"}],
    }
    content = {
        "Id": "static",
        "DomainName": attribute("Bucket", "RegionalDomainName"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": attribute("Control", "Id"),
    }
    return resources | {
        "Guard": resource(
            "AWS::CloudFront::Function",
            Name=bucket,
            AutoPublish=True,
            FunctionCode=guard,
            FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
        ),
        "Headers": resource(
            "AWS::CloudFront::ResponseHeadersPolicy",
            ResponseHeadersPolicyConfig={
                "Name": bucket,
                "SecurityHeadersConfig": {"ContentTypeOptions": {"Override": True}},
            },
        ),
        "Control": resource(
            "AWS::CloudFront::OriginAccessControl",
            OriginAccessControlConfig={
                "Name": bucket,
                "OriginAccessControlOriginType": "s3",
                "SigningBehavior": "always",
                "SigningProtocol": "sigv4",
            },
        ),
        "Bucket": resource("AWS::S3::Bucket", BucketName=bucket),
        "Policy": resource(
            "AWS::S3::BucketPolicy", Bucket=ref("Bucket"), PolicyDocument={"Statement": [*statements(bucket)]}
        ),
        "Distribution": resource(
            "AWS::CloudFront::Distribution",
            DistributionConfig={
                "Enabled": True,
                "Origins": [engine, content],
                "DefaultCacheBehavior": dynamic,
                "CacheBehaviors": [static],
            },
        ),
    }


def statements(bucket: str) -> list[dict[str, Any]]:
    """Only distributions of this account may read, and only with TLS."""
    objects = f"arn:aws:s3:::{bucket}/*"
    own = {"Fn::Sub": "arn:aws:cloudfront::${AWS::AccountId}:distribution/*"}
    return [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": objects,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": objects,
            "Condition": {"ArnLike": {"aws:SourceArn": own}},
        },
    ]


class Edge:
    """A deployed distribution, and viewers of it."""

    def __init__(self, account: Account, task: Server, *, guard: str = GUARD) -> None:
        self.account = account
        self.bucket = f"static-{account.place.account}"
        ids = account.deploy(**distribution(self.bucket, guard))
        target = {"Id": "127.0.0.1", "Port": task.port}
        account.client("elbv2").register_targets(TargetGroupArn=ids["Group"], Targets=[target])
        self.host = account.attribute("Distribution", "DomainName")
        self.variables = account.cloud.proxy_environment()
        self.trust = ssl.create_default_context(cafile=self.variables["SSL_CERT_FILE"])

    def ask(self, path: str, *, scheme: str = "https", host: str = "", **arguments: Any) -> httpx.Response:
        """Send a request as a client with proxy variables does."""
        proxy = self.variables["HTTPS_PROXY"] if scheme == "https" else self.account.cloud.endpoint
        with httpx.Client(proxy=proxy, verify=self.trust, trust_env=False, timeout=20) as viewer:
            return viewer.request(arguments.pop("method", "GET"), f"{scheme}://{host or self.host}{path}", **arguments)

    def put(self, key: str, content: bytes, **rest: str) -> None:
        self.account.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content, **rest)


@pytest.fixture
def edge(account: Account, task: Server) -> Edge:
    return Edge(account, task)


def test_dynamic_response_needs_the_header_and_is_not_cached(edge: Edge, task: Server) -> None:
    for _ in range(2):
        found = edge.ask("/case?id=1", headers={"Cookie": "a=1", "X-Other": "2"})
        assert (found.status_code, found.text) == (200, "from the task")
        assert found.headers["X-Cache"] == "Miss from cloudfront"
        assert "Age" not in found.headers
    one, _ = task.requests
    assert one.startswith("GET /case?id=1 ")
    for header in ("x-origin-verify: it is me", "cookie: a=1", "x-other: 2"):
        assert header in one.lower()
    assert edge.host not in one


def test_post_body_is_forwarded(edge: Edge, task: Server) -> None:
    assert edge.ask("/form", method="POST", content=b"a=1").status_code == 200
    assert task.requests[0].endswith("\r\n\r\na=1")


def test_http_redirects_to_https(edge: Edge, task: Server) -> None:
    found = edge.ask("/case?id=1", scheme="http")
    assert (found.status_code, found.headers["Location"]) == (301, f"https://{edge.host}/case?id=1")
    assert found.headers["X-Cache"] == "Redirect from cloudfront"
    assert task.requests == []


def test_viewer_request_function_runs_first(edge: Edge, task: Server) -> None:
    found = edge.ask("/yawl/ib")
    assert (found.status_code, found.headers["X-Cache"]) == (403, "FunctionGeneratedResponse from cloudfront")
    assert task.requests == []


def test_endless_function_is_stopped(account: Account, task: Server) -> None:
    began = time.monotonic()
    assert Edge(account, task, guard=BROKEN).ask("/").status_code == 503
    assert time.monotonic() - began < 15
    assert task.requests == []


def test_response_headers_policy(edge: Edge) -> None:
    edge.put("static/a.txt", b"static")
    assert {edge.ask(path).headers["X-Content-Type-Options"] for path in ("/", "/static/a.txt")} == {"nosniff"}


def test_static_object_is_cached(edge: Edge) -> None:
    edge.put("static/a.txt", b"static", ContentType="text/plain")
    first = edge.ask("/static/a.txt")
    assert (first.status_code, first.text, first.headers["Content-Type"]) == (200, "static", "text/plain")
    assert first.headers["X-Cache"] == "Miss from cloudfront"
    edge.put("static/a.txt", b"changed")
    second = edge.ask("/static/a.txt")
    assert (second.text, second.headers["X-Cache"]) == ("static", "Hit from cloudfront")
    assert int(second.headers["Age"]) >= 0
    head = edge.ask("/static/a.txt", method="HEAD")
    assert (head.status_code, head.content, head.headers["X-Cache"]) == (200, b"", "Hit from cloudfront")


def test_no_store_object_is_not_cached(edge: Edge) -> None:
    edge.put("static/a.txt", b"static", CacheControl="max-age=1")
    edge.ask("/static/a.txt")
    assert edge.ask("/static/a.txt").headers["X-Cache"] == "Hit from cloudfront"
    deadline = time.monotonic() + 10
    while edge.ask("/static/a.txt").headers["X-Cache"] != "Miss from cloudfront":
        assert time.monotonic() < deadline


def test_missing_object_is_an_error_and_not_cached(edge: Edge) -> None:
    found = edge.ask("/static/none.txt")
    assert (found.status_code, found.headers["X-Cache"]) == (403, "Error from cloudfront")
    edge.put("static/none.txt", b"static")
    assert edge.ask("/static/none.txt").status_code == 200


def test_bucket_refuses_a_direct_read(edge: Edge) -> None:
    edge.put("static/a.txt", b"static")
    for host in (f"{edge.bucket}.s3.eu-west-1.amazonaws.com", f"{edge.bucket}.s3.amazonaws.com"):
        for scheme in ("https", "http"):
            found = edge.ask("/static/a.txt", scheme=scheme, host=host)
            assert (found.status_code, "AccessDenied" in found.text) == (403, True)
    with httpx.Client(trust_env=False) as anybody:
        assert anybody.get(f"{edge.account.cloud.endpoint}/{edge.bucket}/static/a.txt").status_code == 403


def test_bucket_without_a_grant_refuses_the_distribution(edge: Edge) -> None:
    edge.put("static/a.txt", b"static")
    edge.account.client("s3").delete_bucket_policy(Bucket=edge.bucket)
    assert edge.ask("/static/a.txt").status_code == 403


def test_only_emulated_hosts_reach_the_edge(edge: Edge) -> None:
    """The tunnel connects to every other name itself; here nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(httpx.ProxyError, match=r"502 cannot connect to 127\.0\.0\.1"):
        edge.ask("/", host=f"127.0.0.1:{port}")


def test_other_hosts_are_reached_directly(edge: Edge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(10)
        address = edge.variables["HTTPS_PROXY"].removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=10) as client:
            port = other.getsockname()[1]
            client.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert client.recv(1024).startswith(b"HTTP/1.1 200 ")
            accepted, _ = other.accept()
            with accepted:
                client.sendall(b"there")
                assert accepted.recv(1024) == b"there"
                accepted.sendall(b"and back")
                assert client.recv(1024) == b"and back"


@pytest.mark.parametrize("output", [b"GET http://example.com/ HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n"])
def test_tunnel_only_supports_connect(edge: Edge, output: bytes) -> None:
    address = edge.variables["HTTPS_PROXY"].removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=10) as client:
        client.sendall(output)
        assert client.recv(1024).startswith(b"HTTP/1.1 405 ")


def test_edge_is_trusted_only_with_the_temporary_ca(edge: Edge) -> None:
    edge.trust = ssl.create_default_context()
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        edge.ask("/")


def test_system_cas_remain_trusted(edge: Edge) -> None:
    subjects = {str(found["subject"]) for found in edge.trust.get_ca_certs()}
    usual = ssl.create_default_context()
    assert {str(found["subject"]) for found in usual.get_ca_certs()} < subjects


def test_deleted_distribution_is_not_served(edge: Edge) -> None:
    assert edge.host in edge.account.cloud.fact("hosts")
    edge.account.delete()
    assert edge.host not in edge.account.cloud.fact("hosts")


def test_distribution_whose_origin_is_elsewhere_is_not_rehearsed(account: Account) -> None:
    before = account.cloud.fact("unserved")["requests"]
    origin = {
        "Id": "site",
        "DomainName": "www.example.com",
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
    }
    behavior = {"TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": CACHING_DISABLED}
    configuration = {"Enabled": True, "Origins": [origin], "DefaultCacheBehavior": behavior}
    account.deploy(Edge=resource("AWS::CloudFront::Distribution", DistributionConfig=configuration))
    status, text = by_proxy(account, f"http://{account.attribute('Edge', 'DomainName')}/")
    assert (status, text) == (503, "not rehearsed: www.example.com is outside of the rehearsal\n")
    reason = "a distribution needed www.example.com, which is outside of the rehearsal"
    new = account.cloud.fact("unserved")["requests"][len(before) :]
    assert new == [{"kind": GapKind.WORKLOAD, "reason": reason, "client": "127.0.0.1"}]
