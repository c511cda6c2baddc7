"""The network of one environment: addresses, routes and security groups."""

from typing import cast

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from settings import NetworkSettings
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.network.delivery_reader_role import DeliveryReaderRole
from stacks.network.fixed_subnets import FixedSubnets
from stacks.network.flow_queries import FlowQueries
from stacks.shared import ports
from stacks.shared.acknowledgments import OWN_POLICY, acknowledge
from stacks.shared.key import rotating_key
from stacks.shared.log_group import LogGroup


class Network(EnvironmentStack):
    """A VPC across two availability zones, and the security groups of everything in it."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: NetworkSettings,
        https: bool,
        operator_access: bool = False,
    ) -> None:
        """Build the network.

        `https` opens the load balancer's port 443 besides 80; `operator_access` adds the group of the tasks in which
        operators read the database.
        """
        super().__init__(
            scope,
            "network",
            context=context,
            description=f"YAWL {context.name}: VPC, routes to the outside and security groups",
        )
        self.vpc = self._build_vpc(settings)
        self.load_balancer_security_group = self._build_security_group("LoadBalancer", "Load balancer")
        self.task_security_group = self._build_security_group("Tasks", "Tasks")
        self.database_security_group = self._build_security_group("Database", "PostgreSQL")
        self.cache_security_group = self._build_security_group("Cache", "Redis")
        self.access_security_group = self._build_security_group("Access", "Operators") if operator_access else None
        self._connect(https=https)
        self._add_endpoints(interface_endpoints=settings.interface_endpoints)
        self._log_flows(settings)
        # Here because every environment has this stack, and it waits for no other.
        DeliveryReaderRole(
            self,
            "DeliveryReaderRole",
            environment_name=context.name,
            pipeline_account=context.pipeline_account,
            counts_incidents=context.counts_incidents,
        )

    def _build_vpc(self, settings: NetworkSettings) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=f"yawl-{self.context.name}",
            # jsii passes one request object, although its type declares keywords.
            ip_addresses=cast(ec2.IIpAddresses, FixedSubnets(settings)),
            nat_gateways=settings.nat_gateways,
            restrict_default_security_group=True,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
                ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ],
        )
        for subnet in (*vpc.public_subnets, *vpc.private_subnets, *vpc.isolated_subnets):
            self._acknowledge_zone(cast(ec2.CfnSubnet, subnet.node.default_child))
        for subnet in vpc.public_subnets:
            acknowledge(
                subnet.node.find_child("DefaultRoute"),
                {
                    "VPCNoUnrestrictedRouteToIGW": "These subnets contain only the load balancer and the NAT "
                    "gateways, which must reach the internet; tasks, database and cache have no such route."
                },
            )
        return vpc

    def _acknowledge_zone(self, subnet: ec2.CfnSubnet) -> None:
        reason = (
            "The zones are a setting: the list that AWS would choose from differs between accounts and may change, "
            "and a subnet cannot move."
        )
        acknowledge(subnet, {"CloudFormation-Validate::W3010": reason})
        subnet.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3010"]}})

    def _build_security_group(self, name: str, members: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            f"{name}SecurityGroup",
            vpc=self.vpc,
            description=f"{members} of YAWL {self.context.name}",
            allow_all_outbound=False,
        )

    def _connect(self, *, https: bool) -> None:
        """Open the required connections in both directions: egress is closed by default too."""
        anywhere = ec2.Peer.any_ipv4()
        load_balancer, tasks = self.load_balancer_security_group, self.task_security_group
        load_balancer.add_ingress_rule(anywhere, ec2.Port.tcp(ports.HTTP), "HTTP from the internet")
        if https:
            load_balancer.add_ingress_rule(anywhere, ec2.Port.tcp(ports.HTTPS), "HTTPS from the internet")
        acknowledge(
            load_balancer,
            {
                "AwsSolutions-EC23": "The load balancer is the public entrance. Its listeners reject requests that do "
                "not come through CloudFront; a security group cannot, because the health path stays open to "
                "everybody."
            },
        )
        load_balancer.connections.allow_to(tasks, ec2.Port.tcp(ports.APPLICATION), "Load balancer to tasks")
        tasks.connections.allow_internally(ec2.Port.tcp(ports.TASKS), "Standby tasks to the active task")
        tasks.connections.allow_to(self.database_security_group, ec2.Port.tcp(ports.POSTGRESQL), "Tasks to PostgreSQL")
        tasks.connections.allow_to(self.cache_security_group, ec2.Port.tcp(ports.REDIS), "Tasks to Redis")
        tasks.add_egress_rule(anywhere, ec2.Port.tcp(ports.HTTPS), "Tasks to AWS and other services over HTTPS")

        if access := self.access_security_group:
            access.connections.allow_to(
                self.database_security_group, ec2.Port.tcp(ports.POSTGRESQL), "Operators to PostgreSQL"
            )
            access.add_egress_rule(anywhere, ec2.Port.tcp(ports.HTTPS), "Operators' sessions to AWS")

    def _add_endpoints(self, *, interface_endpoints: bool) -> None:
        # Free, and keeps image layers and backups off the NAT gateways.
        self.vpc.add_gateway_endpoint("S3Endpoint", service=ec2.GatewayVpcEndpointAwsService.S3)
        if not interface_endpoints:
            return
        endpoints = self._build_security_group("Endpoint", "Interface endpoints")
        endpoints.add_ingress_rule(
            self.task_security_group, ec2.Port.tcp(ports.HTTPS), "Tasks to the interface endpoints"
        )
        services = {
            "EcrApi": ec2.InterfaceVpcEndpointAwsService.ECR,
            "EcrDocker": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
            "SecretsManager": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
            "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
        }
        for name, service in services.items():
            self.vpc.add_interface_endpoint(
                f"{name}Endpoint",
                service=service,
                subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
                security_groups=[endpoints],
                open=False,
            )

    def _log_flows(self, settings: NetworkSettings) -> None:
        key = rotating_key(
            self,
            "Key",
            description=f"Flow logs of YAWL {self.context.name}",
            logs=True,
            retain_data=self.context.retain_data,
        )
        log_group = LogGroup(
            self,
            "FlowLogs",
            key=key,
            retention_days=self.context.log_retention_days,
            retain_data=self.context.retain_data,
        )
        flow_log = self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group),
            traffic_type=ec2.FlowLogTrafficType.ALL,
        )
        acknowledge(flow_log, OWN_POLICY)
        FlowQueries(
            self,
            "FlowQueries",
            environment_name=self.context.name,
            log_group=log_group,
            inside=settings.cidr,
            private=settings.private_subnets,
        )
