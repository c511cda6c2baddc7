"""The load balancer in front of the engine, and its access rules."""

from typing import Final, cast

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import DomainSettings
from stacks.application.origin_secret import HEADER_NAME, OriginSecret
from stacks.shared import ports
from stacks.shared.acknowledgments import acknowledge

DEREGISTRATION_DELAY: Final = Duration.seconds(30)
"""Time for a deregistered target's open requests. This and the health check follow the reference (Load Balancer)."""
HEALTH_INTERVAL: Final = Duration.seconds(30)
LEAST_MISSES: Final = 3
"""Failed health checks that make a target unhealthy, in the reference."""
MOST_MISSES: Final = 10
"""Elastic Load Balancing's maximum. With less than half a vCPU an engine may start more slowly than this allows."""


class LoadBalancer(Construct):
    """An internet-facing load balancer that admits the distribution and answers 403 to all other clients.

    A secret header identifies the distribution. `GET` of the health path is open, for the integration tests.
    With a domain, the load balancer serves TLS at `origin.<domain>` and redirects HTTP to it.

    During a takeover, which lasts `takeover_seconds`, no task can serve. The health check tolerates that long:
    otherwise ECS would replace all targets, including the one about to become active.

    Sessions are not sticky: every task forwards its requests to the one active engine.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        access_log_bucket: s3.IBucket,
        key: kms.IKey,
        domain: DomainSettings | None,
        health_path: str,
        takeover_seconds: int,
        retain_data: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            internet_facing=True,
            security_group=security_group,
            drop_invalid_header_fields=True,
            deletion_protection=retain_data,
        )
        self._acknowledge_trades(retain_data=retain_data)
        self.load_balancer.log_access_logs(access_log_bucket, prefix="load-balancer")
        self.target_group = elbv2.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=vpc,
            target_type=elbv2.TargetType.IP,
            protocol=elbv2.ApplicationProtocol.HTTP,
            port=ports.APPLICATION,
            deregistration_delay=DEREGISTRATION_DELAY,
            health_check=elbv2.HealthCheck(
                path=health_path,
                interval=HEALTH_INTERVAL,
                timeout=Duration.seconds(10),
                healthy_threshold_count=2,
                unhealthy_threshold_count=_misses(takeover_seconds),
                healthy_http_codes="200",
            ),
        )
        self.origin_secret = OriginSecret(self, "OriginSecret", key=key, retain_data=retain_data)
        self.origin_domain_name = self.load_balancer.load_balancer_dns_name
        self.url = f"http://{self.origin_domain_name}"
        if domain is None:
            self.listener = self._forbidding_listener("Http", protocol=elbv2.ApplicationProtocol.HTTP)
            plain = (
                "Without a custom domain the load balancer cannot have a certificate; users reach CloudFront over "
                "HTTPS."
            )
            acknowledge(self.listener, {"ALBHttpToHttpsRedirection": plain, "ELBv2ACMCertificateRequired": plain})
        else:
            self.origin_domain_name = domain.origin
            self.url = f"https://{self.origin_domain_name}"
            self.listener = self._https_listener(domain)
        self._admit(
            "HealthPath",
            elbv2.ListenerCondition.path_patterns([health_path]),
            elbv2.ListenerCondition.http_request_methods(["GET"]),
            priority=10,
        )
        self._admit(
            "Distribution",
            elbv2.ListenerCondition.http_header(HEADER_NAME, [self.origin_secret.header_value]),
            priority=20,
        )

    def _acknowledge_trades(self, *, retain_data: bool) -> None:
        acknowledge(
            self.load_balancer,
            {
                "ALBWAFEnabled": "The firewall protects CloudFront, where users connect. The listeners answer direct "
                "requests with 403, except GET of the health path, which takes no input."
            },
        )
        if not retain_data:
            acknowledge(
                self.load_balancer,
                {
                    "ELBDeletionProtectionEnabled": "This environment's settings (retain_data) delete it with "
                    "its stacks."
                },
            )

    def _forbidding_listener(
        self,
        construct_id: str,
        *,
        protocol: elbv2.ApplicationProtocol,
        certificate: acm.ICertificate | None = None,
        ssl_policy: elbv2.SslPolicy | None = None,
    ) -> elbv2.ApplicationListener:
        return elbv2.ApplicationListener(
            self,
            construct_id,
            load_balancer=self.load_balancer,
            protocol=protocol,
            certificates=None if certificate is None else [certificate],
            ssl_policy=ssl_policy,
            # The network stack defines all security group rules.
            open=False,
            default_action=elbv2.ListenerAction.fixed_response(
                403, content_type="text/plain", message_body="Forbidden"
            ),
        )

    def _https_listener(self, domain: DomainSettings) -> elbv2.ApplicationListener:
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "HostedZone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.hosted_zone_name
        )
        certificate = acm.Certificate(
            self,
            "Certificate",
            domain_name=self.origin_domain_name,
            validation=acm.CertificateValidation.from_dns(zone),
        )
        route53.ARecord(
            self,
            "OriginRecord",
            zone=zone,
            record_name=f"{self.origin_domain_name}.",
            # Class and interface name a parameter differently, which the type checker rejects.
            target=route53.RecordTarget.from_alias(
                cast(route53.IAliasRecordTarget, route53_targets.LoadBalancerTarget(self.load_balancer))
            ),
        )
        redirect = elbv2.ApplicationListener(
            self,
            "Http",
            load_balancer=self.load_balancer,
            protocol=elbv2.ApplicationProtocol.HTTP,
            open=False,
            default_action=elbv2.ListenerAction.redirect(protocol="HTTPS", port="443", permanent=True),
        )
        acknowledge(
            redirect,
            {"ELBv2ACMCertificateRequired": "This listener only redirects to HTTPS and serves nothing itself."},
        )
        return self._forbidding_listener(
            "Https",
            protocol=elbv2.ApplicationProtocol.HTTPS,
            certificate=certificate,
            ssl_policy=elbv2.SslPolicy.TLS13_12_RES_PQ,
        )

    def _admit(self, who: str, *conditions: elbv2.ListenerCondition, priority: int) -> None:
        elbv2.ApplicationListenerRule(
            self,
            f"Admit{who}",
            listener=self.listener,
            priority=priority,
            conditions=list(conditions),
            action=elbv2.ListenerAction.forward([self.target_group]),
        )


def _misses(takeover_seconds: int) -> int:
    """Return the unhealthy threshold: the first check may run at once, the last must run after the takeover."""
    needed = takeover_seconds // int(HEALTH_INTERVAL.to_seconds()) + 2
    return max(LEAST_MISSES, min(needed, MOST_MISSES))
