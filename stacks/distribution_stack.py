"""The CloudFront distribution of one environment."""

from typing import Final

from aws_cdk import Annotations, CfnOutput, Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import DistributionSettings, DomainSettings
from stacks.application_stack import Application
from stacks.distribution.edge_domain import EdgeDomain
from stacks.distribution.engine_api_guard import EngineApiGuard
from stacks.distribution.security_headers import SecurityHeaders
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.firewall_stack import Firewall
from stacks.shared.acknowledgments import acknowledge
from stacks.shared.test_variables import TestVariables

STATIC_PATHS: Final = ("/static/*", "/assets/*")
API_PATH: Final = "/api/*"
ENGINE_READ_TIMEOUT: Final = Duration.seconds(60)
"""The same as the load balancer's idle timeout."""


class Distribution(EnvironmentStack):
    """CloudFront in front of the engine and the static content, the only public way to both."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: DistributionSettings,
        application: Application,
        static_bucket: s3.IBucket,
        access_log_bucket: s3.IBucket,
        firewall: Firewall | None,
        domain: DomainSettings | None,
    ) -> None:
        super().__init__(
            scope,
            "distribution",
            context=context,
            description=f"YAWL {context.name}: the CloudFront distribution",
        )
        self._settings = settings
        self._headers = SecurityHeaders(self, "SecurityHeaders")
        self._guards = None if settings.open_engine_api else [EngineApiGuard(self, "EngineApiGuard").association()]
        engine = self._engine(application, tls=domain is not None)
        edge_domain = None if domain is None else EdgeDomain(self, "Domain", domain=domain)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"YAWL {context.name}",
            default_behavior=self._dynamic(engine, cloudfront.CachePolicy.CACHING_DISABLED),
            additional_behaviors={
                API_PATH: self._dynamic(engine, self._api_cache_policy()),
                **dict.fromkeys(STATIC_PATHS, self._static(static_bucket)),
            },
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            enable_logging=True,
            log_bucket=access_log_bucket,
            log_file_prefix="distribution/",
            web_acl_id=None if firewall is None else firewall.web_acl.attr_arn,
            domain_names=None if edge_domain is None else [edge_domain.name],
            certificate=None if edge_domain is None else edge_domain.certificate,
            minimum_protocol_version=None if edge_domain is None else cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        )
        self._acknowledge_trades(tls=domain is not None, guarded=firewall is not None)
        if edge_domain is not None:
            edge_domain.point_to(self.distribution)
        name = self.distribution.distribution_domain_name if edge_domain is None else edge_domain.name
        self.distribution_url = CfnOutput(self, "DistributionUrl", value=f"https://{name}")
        self.test_variables = TestVariables(
            self, {"DISTRIBUTION_URL": f"https://{name}", "OPEN_ENGINE_API": settings.open_engine_api}
        )

    def _engine(self, application: Application, *, tls: bool) -> cloudfront.IOrigin:
        protocol = cloudfront.OriginProtocolPolicy
        return origins.HttpOrigin(
            application.origin_domain_name,
            protocol_policy=protocol.HTTPS_ONLY if tls else protocol.HTTP_ONLY,
            read_timeout=ENGINE_READ_TIMEOUT,
            custom_headers={application.origin_header_name: application.origin_secret.header_value},
        )

    def _dynamic(self, engine: cloudfront.IOrigin, cache_policy: cloudfront.ICachePolicy) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=engine,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            compress=True,
            cache_policy=cache_policy,
            # Forward all headers, cookies and the query string, but keep the load balancer's own host name.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            response_headers_policy=self._headers,
            function_associations=self._guards,
        )

    def _api_cache_policy(self) -> cloudfront.CachePolicy:
        """Return a policy that caches API responses briefly, per caller, and no longer than the origin allows."""
        return cloudfront.CachePolicy(
            self,
            "ApiCachePolicy",
            comment=f"Short-lived API responses of YAWL {self.context.name}",
            min_ttl=Duration.seconds(0),
            default_ttl=Duration.seconds(self._settings.api_ttl_seconds),
            max_ttl=Duration.seconds(self._settings.api_max_ttl_seconds),
            # Everything that identifies a caller is in the cache key: no caller may get another's response.
            header_behavior=cloudfront.CacheHeaderBehavior.allow_list("Accept", "Authorization", "Origin"),
            cookie_behavior=cloudfront.CacheCookieBehavior.all(),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.all(),
            enable_accept_encoding_brotli=True,
            enable_accept_encoding_gzip=True,
        )

    def _static(self, bucket: s3.IBucket) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=self._static_origin(bucket),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
            compress=True,
            cache_policy=cloudfront.CachePolicy(
                self,
                "StaticCachePolicy",
                comment=f"Static content of YAWL {self.context.name}",
                min_ttl=Duration.seconds(0),
                default_ttl=Duration.seconds(self._settings.static_ttl_seconds),
                max_ttl=Duration.days(365),
                # S3 adds CORS headers depending on the origin.
                header_behavior=cloudfront.CacheHeaderBehavior.allow_list("Origin"),
                enable_accept_encoding_brotli=True,
                enable_accept_encoding_gzip=True,
            ),
            origin_request_policy=cloudfront.OriginRequestPolicy.CORS_S3_ORIGIN,
            response_headers_policy=self._headers,
        )

    def _static_origin(self, bucket: s3.IBucket) -> cloudfront.IOrigin:
        # Imported by attributes: passing the bucket would add the distribution to its policy and make the storage
        # stack depend on this one. The storage stack allows the account's distributions to read.
        static_content = s3.Bucket.from_bucket_attributes(
            self,
            "StaticContent",
            bucket_name=bucket.bucket_name,
            bucket_regional_domain_name=bucket.bucket_regional_domain_name,
        )
        Annotations.of(self).acknowledge_warning(
            "@aws-cdk/aws-cloudfront-origins:updateImportedBucketPolicyOac",
            "The storage stack defines the bucket's policy.",
        )
        return origins.S3BucketOrigin.with_origin_access_control(static_content)

    def _acknowledge_trades(self, *, tls: bool, guarded: bool) -> None:
        trades = {
            "AwsSolutions-CFR1": "A workflow's participants may be anywhere, so no country is blocked.",
        }
        if not guarded:
            trades["AwsSolutions-CFR2"] = (
                "This environment's settings disable the firewall: the engine's own API is blocked at the edge, and "
                "its pages require a login."
            )
        if not tls:
            trades["AwsSolutions-CFR4"] = (
                "Without a custom domain, CloudFront's default certificate and its minimum TLS version apply."
            )
            trades["AwsSolutions-CFR5"] = (
                "Without a custom domain the load balancer cannot have a certificate, so CloudFront connects over HTTP."
            )
        acknowledge(self.distribution, trades)
