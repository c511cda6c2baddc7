"""The distribution that users reach the engine through."""

from aws_cdk import CfnOutput, Environment
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import DistributionSettings, DomainSettings
from stacks.application import Application
from stacks.environment_stack import EnvironmentStack


class Distribution(EnvironmentStack):
    """CloudFront before the load balancer and the static content."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        settings: DistributionSettings,
        application: Application,
        static_bucket: s3.IBucket,
        access_log_bucket: s3.IBucket,
        domain: DomainSettings | None,
    ) -> None:
        super().__init__(
            scope,
            "distribution",
            environment_name=environment_name,
            zones=zones,
            env=env,
            description="YAWL: the CloudFront distribution",
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.HttpOrigin(
                    application.origin_domain_name,
                    protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY
                    if domain
                    else cloudfront.OriginProtocolPolicy.HTTP_ONLY,
                    custom_headers={application.origin_header_name: application.origin_secret.header_value},
                ),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            ),
            enable_logging=True,
            log_bucket=access_log_bucket,
            log_file_prefix="distribution/",
        )
        self.distribution_url = CfnOutput(
            self, "DistributionUrl", value=f"https://{self.distribution.distribution_domain_name}"
        )
