"""The distribution against the reference's figures, and its guard against every spelling of a closed path."""

import json
import subprocess
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

from tests.unit.one_environment import OneEnvironment
from tests.unit.other_settings import CERTIFICATE

Templates: TypeAlias = Callable[[str, str], Template]

DISTRIBUTION = "AWS::CloudFront::Distribution"
CACHE_POLICY = "AWS::CloudFront::CachePolicy"

# The managed policies have the same ids in every account (CloudFront Developer Guide).
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

ALL_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
DYNAMIC = ("default", "/api/*")
STATIC = ("/static/*", "/assets/*")

EVERY_BEHAVIOR = {
    "plain HTTP is redirected": {"ViewerProtocolPolicy": "redirect-to-https"},
    "answers are compressed": {"Compress": True},
    "answers carry the security headers": {
        "ResponseHeadersPolicyId": {"Ref": Match.string_like_regexp("^SecurityHeaders")}
    },
}
DYNAMIC_BEHAVIOR = {
    "all of the viewer's headers but Host reach the engine": {"OriginRequestPolicyId": ALL_VIEWER_EXCEPT_HOST_HEADER},
    "every method reaches the engine": {"AllowedMethods": ALL_METHODS},
    "the engine's own API is guarded": {
        "FunctionAssociations": [
            {
                "EventType": "viewer-request",
                "FunctionARN": {"Fn::GetAtt": [Match.string_like_regexp("^EngineApiGuard"), "FunctionARN"]},
            }
        ]
    },
}
STATIC_BEHAVIOR = {
    "nothing is written": {"AllowedMethods": ["GET", "HEAD", "OPTIONS"]},
    "it is cached": {"CachePolicyId": {"Ref": Match.string_like_regexp("^StaticCachePolicy")}},
}
BEHAVIORS = [
    *((path, fact, row) for path in (*DYNAMIC, *STATIC) for fact, row in EVERY_BEHAVIOR.items()),
    *((path, fact, row) for path in DYNAMIC for fact, row in DYNAMIC_BEHAVIOR.items()),
    *((path, fact, row) for path in STATIC for fact, row in STATIC_BEHAVIOR.items()),
    ("default", "nothing is cached", {"CachePolicyId": CACHING_DISABLED}),
    ("/api/*", "answers are cached shortly", {"CachePolicyId": {"Ref": Match.string_like_regexp("^ApiCachePolicy")}}),
]


def cache_policy(**properties: Any) -> dict[str, Any]:
    """Return the property of a cache policy that says this."""
    return {"CachePolicyConfig": Match.object_like(properties)}


def key(**properties: Any) -> dict[str, Any]:
    """Return the property of a cache policy that tells answers apart like this."""
    return cache_policy(ParametersInCacheKeyAndForwardedToOrigin=Match.object_like(properties))


def header(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return the property of a response headers policy that sets this one."""
    return {
        "ResponseHeadersPolicyConfig": Match.object_like({"SecurityHeadersConfig": Match.object_like({name: value})})
    }


def config(**properties: Any) -> dict[str, Any]:
    """Return the property of a distribution that says this."""
    return {"DistributionConfig": Match.object_like(properties)}


HEADERS = "AWS::CloudFront::ResponseHeadersPolicy"
FACTS = {
    "HTTP/2 and HTTP/3 are spoken": (DISTRIBUTION, config(HttpVersion="http2and3")),
    "IPv6 is spoken": (DISTRIBUTION, config(IPV6Enabled=True)),
    "requests are logged": (
        DISTRIBUTION,
        config(
            Logging={
                "Bucket": {
                    "Fn::GetStackOutput": Match.object_like(
                        {
                            "StackName": "yawl-prod-storage",
                            "OutputName": Match.string_like_regexp("AccessLogBucket.*RegionalDomainName"),
                        }
                    )
                },
                "Prefix": "distribution/",
            }
        ),
    ),
    "static content is kept a day": (
        CACHE_POLICY,
        cache_policy(DefaultTTL=86_400, MinTTL=0, Name=Match.string_like_regexp("StaticCachePolicy")),
    ),
    "API answers are kept five minutes, thirty at most": (
        CACHE_POLICY,
        cache_policy(DefaultTTL=300, MaxTTL=1_800, MinTTL=0, Name=Match.string_like_regexp("ApiCachePolicy")),
    ),
    "API answers are told apart by who asks": (
        CACHE_POLICY,
        key(HeadersConfig={"HeaderBehavior": "whitelist", "Headers": ["Accept", "Authorization", "Origin"]}),
    ),
    "API answers are told apart by cookies and query": (
        CACHE_POLICY,
        key(CookiesConfig={"CookieBehavior": "all"}, QueryStringsConfig={"QueryStringBehavior": "all"}),
    ),
    "compressed answers are kept as such": (
        CACHE_POLICY,
        key(EnableAcceptEncodingBrotli=True, EnableAcceptEncodingGzip=True),
    ),
    "browsers come back over HTTPS, for a year": (
        HEADERS,
        header(
            "StrictTransportSecurity",
            {"AccessControlMaxAgeSec": 31_536_000, "IncludeSubdomains": True, "Override": True},
        ),
    ),
    "browsers do not guess types": (HEADERS, header("ContentTypeOptions", {"Override": True})),
    "no other site frames a page": (HEADERS, header("FrameOptions", {"FrameOption": "SAMEORIGIN", "Override": True})),
    "other sites learn the origin only": (
        HEADERS,
        header("ReferrerPolicy", {"ReferrerPolicy": "strict-origin-when-cross-origin", "Override": True}),
    ),
    "the engine's own content policy stands, ours fills in": (
        HEADERS,
        header(
            "ContentSecurityPolicy",
            {
                "ContentSecurityPolicy": "base-uri 'self'; frame-ancestors 'self'; object-src 'none'",
                "Override": False,
            },
        ),
    ),
    "S3 is asked with a signature": (
        "AWS::CloudFront::OriginAccessControl",
        {
            "OriginAccessControlConfig": Match.object_like(
                {"OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4"}
            )
        },
    ),
}

WITH_A_DOMAIN = {
    "the name is the domain's": (DISTRIBUTION, config(Aliases=["yawl.example.org"])),
    "viewers need TLS 1.2": (
        DISTRIBUTION,
        config(
            ViewerCertificate={
                "AcmCertificateArn": {"Ref": Match.string_like_regexp("^DomainCertificate")},
                "MinimumProtocolVersion": "TLSv1.2_2021",
                "SslSupportMethod": "sni-only",
            }
        ),
    ),
    "the certificate is for the name, proven by DNS": (
        "AWS::CertificateManager::Certificate",
        {"DomainName": "yawl.example.org", "ValidationMethod": "DNS"},
    ),
    "the name leads to the distribution over IPv4": (
        "AWS::Route53::RecordSet",
        {"Name": "yawl.example.org.", "Type": "A", "AliasTarget": Match.any_value()},
    ),
    "the name leads to the distribution over IPv6": (
        "AWS::Route53::RecordSet",
        {"Name": "yawl.example.org.", "Type": "AAAA", "AliasTarget": Match.any_value()},
    ),
}


@pytest.mark.parametrize(
    ("path", "properties"), [pytest.param(path, row, id=f"{path}: {fact}") for path, fact, row in BEHAVIORS]
)
def test_path_behavior(template: Templates, path: str, properties: dict[str, Any]) -> None:
    stack = template("prod", "distribution")
    behavior = {"Type": "Behavior", "Properties": behaviors(stack)[path]}
    Template.from_json({"Resources": {"Behavior": behavior}}).has_resource_properties("Behavior", properties)


def test_no_other_behaviors(template: Templates) -> None:
    assert behaviors(template("prod", "distribution")).keys() == {*DYNAMIC, *STATIC}


@pytest.mark.parametrize("path", STATIC)
def test_static_content_comes_from_the_bucket(template: Templates, path: str) -> None:
    origin = origin_of(template("prod", "distribution"), path)
    assert origin["DomainName"]["Fn::GetStackOutput"]["StackName"] == "yawl-prod-storage"
    assert "StaticBucket" in origin["DomainName"]["Fn::GetStackOutput"]["OutputName"]
    assert "OriginAccessControlId" in origin


@pytest.mark.parametrize("path", DYNAMIC)
def test_origin_requests_have_the_secret_header(template: Templates, path: str) -> None:
    origin = origin_of(template("prod", "distribution"), path)
    assert "LoadBalancer" in origin["DomainName"]["Fn::GetStackOutput"]["OutputName"]
    (sent,) = origin["OriginCustomHeaders"]
    assert sent["HeaderName"] == "X-Origin-Verify"
    reference = sent["HeaderValue"]["Fn::Join"][1]
    assert (reference[0], reference[2]) == ("{{resolve:secretsmanager:", ":SecretString:::}}")
    assert "OriginSecret" in reference[1]["Fn::GetStackOutput"]["OutputName"]


@pytest.mark.parametrize(("resource_type", "properties"), FACTS.values(), ids=FACTS)
def test_properties_in_prod(template: Templates, resource_type: str, properties: dict[str, Any]) -> None:
    template("prod", "distribution").has_resource_properties(resource_type, properties)


@pytest.mark.parametrize(("resource_type", "properties"), WITH_A_DOMAIN.values(), ids=WITH_A_DOMAIN)
def test_properties_with_a_domain(
    prod_with_more: OneEnvironment, resource_type: str, properties: dict[str, Any]
) -> None:
    prod_with_more("distribution").has_resource_properties(resource_type, properties)


def test_origin_uses_tls_with_a_domain(prod_with_more: OneEnvironment) -> None:
    origin = origin_of(prod_with_more("distribution"), "default")
    assert origin["DomainName"] == "origin.yawl.example.org"
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


@pytest.mark.parametrize("prod", ["prod_with_less", "prod_abroad"], ids=["us-east-1", "eu-central-1"], indirect=True)
def test_existing_certificate_is_used(prod: OneEnvironment) -> None:
    stack = prod("distribution")
    stack.resource_count_is("AWS::CertificateManager::Certificate", 0)
    certificate = Match.object_like({"AcmCertificateArn": CERTIFICATE})
    stack.has_resource_properties(DISTRIBUTION, config(ViewerCertificate=certificate))


@pytest.mark.parametrize(
    ("prod", "url"),
    [
        ("example", {"Fn::Join": ["", ["https://", {"Fn::GetAtt": [Match.any_value(), "DomainName"]}]]}),
        ("prod_with_more", "https://yawl.example.org"),
    ],
    ids=["without a domain", "with a domain"],
    indirect=["prod"],
)
def test_application_url(prod: OneEnvironment, url: Any) -> None:
    prod("distribution").has_output("DistributionUrl", {"Value": url})


def test_engine_api_can_be_opened(prod_with_less: OneEnvironment) -> None:
    stack = prod_with_less("distribution")
    stack.resource_count_is("AWS::CloudFront::Function", 0)
    assert not any("FunctionAssociations" in behavior for behavior in behaviors(stack).values())


def test_timeouts_are_settings(prod_with_more: OneEnvironment) -> None:
    stack = prod_with_more("distribution")
    stack.has_resource_properties(CACHE_POLICY, cache_policy(DefaultTTL=60))
    stack.has_resource_properties(CACHE_POLICY, cache_policy(DefaultTTL=10, MaxTTL=20))


GUARDED = {
    "/yawl": 403,
    "/yawl/": 403,
    "/yawl/ia": 403,
    "/yawl/ib": 403,
    "//yawl/ia": 403,
    "/./yawl/ia": 403,
    "/api/../yawl/ia": 403,
    "/static/../yawl/ia": 403,
    "/../yawl/ia": 403,
    "/..;/yawl/ia": 403,
    "/yawl;x=1/ia": 403,
    "/;x/yawl/ia": 403,
    "/b;%2Fa/../yawl/ia": 403,
    "/%79awl/ia": 403,
    "/%2e/yawl/ia": 403,
    "/api/%2e%2e/yawl/ia": 403,
    "/api/..%2fyawl/ia": 403,
    "/api\\..\\yawl/ia": 403,
    "/%ff/../yawl/ia": 400,
    "/%zz": 400,
    "/%c0%af../yawl": 400,
    "/": "passes",
    "/resourceService/": "passes",
    "/yawlui": "passes",
    "/yawl2/x": "passes",
    "/api/yawl/ia": "passes",
    "/yawl/../resourceService/": "passes",
    "/caf%C3%A9": "passes",
}


@pytest.fixture(scope="module")
def guard(template: Templates) -> Callable[[str], int | str]:
    """Run the function that is deployed, on all paths at once."""
    (function,) = template("prod", "distribution").find_resources("AWS::CloudFront::Function").values()
    assert function["Properties"]["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert function["Properties"]["AutoPublish"] is True
    program = f"""{function["Properties"]["FunctionCode"]}
    const answers = {json.dumps(list(GUARDED))}.map((uri) => {{
        const request = {{ method: 'POST', uri, querystring: {{}}, headers: {{}} }};
        const answer = handler({{ request }});
        return [uri, answer === request ? 'passes' : answer.statusCode];
    }});
    console.log(JSON.stringify(Object.fromEntries(answers)));
    """
    ran = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True, timeout=30)
    answers: dict[str, int | str] = json.loads(ran.stdout)
    return answers.__getitem__


@pytest.mark.parametrize(("uri", "answer"), GUARDED.items())
def test_path_guard_response(guard: Callable[[str], int | str], uri: str, answer: int | str) -> None:
    assert guard(uri) == answer


def behaviors(stack: Template) -> dict[str, Any]:
    """Return the distribution's behaviors by path."""
    (distribution,) = stack.find_resources(DISTRIBUTION).values()
    output = distribution["Properties"]["DistributionConfig"]
    return {"default": output["DefaultCacheBehavior"], **{it["PathPattern"]: it for it in output["CacheBehaviors"]}}


def origin_of(stack: Template, path: str) -> dict[str, Any]:
    """Return where requests for the path go."""
    (distribution,) = stack.find_resources(DISTRIBUTION).values()
    origins = {it["Id"]: it for it in distribution["Properties"]["DistributionConfig"]["Origins"]}
    return origins[behaviors(stack)[path]["TargetOriginId"]]
