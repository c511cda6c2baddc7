"""Starts the workload of each deployed service and registers its targets with the load balancer."""

import itertools
import threading
from typing import Any

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import ActionFailed
from rehearsal.actions.secrets import SecretNotFound
from rehearsal.engine.cloud import Cloud, open_without_proxy
from rehearsal.workloads.command import Target, WorkloadCommand
from rehearsal.workloads.services import Service, services

PROBE_SECONDS = 5
"""Timeout of a target's first health check."""


class NoTasks:
    """Runs nothing behind the load balancers, which answer 503 "not rehearsed"."""

    def start(self, stack_name: str, environment: AwsEnvironment) -> tuple[str, ...]:  # noqa: ARG002 - the interface's parameters
        """Start nothing."""
        return ()


class Tasks:
    """Starts workloads and registers each target after it has passed the health check.

    Checks the health itself, because the emulated load balancer does not.
    """

    def __init__(self, cloud: Cloud, command: WorkloadCommand) -> None:
        self._cloud = cloud
        self._command = command
        self._lock = threading.Lock()
        self._definitions: dict[str, str] = {}
        """The task definition that the running targets were started for, by target group."""

    def start(self, stack_name: str, environment: AwsEnvironment) -> tuple[str, ...]:
        """Start the workload of every service in the stack that has a target group; return the targets' descriptions.

        A service that is deployed again keeps its running targets, unless it has another task definition.
        """
        try:
            return tuple(
                f"workload on {target.address}:{target.port} for {service.name}"
                for service in services(self._cloud, stack_name, environment)
                for target in self._serve(service)
            )
        except SecretNotFound as error:
            raise ActionFailed(f"the tasks of {stack_name} cannot start: {error}") from None

    def _serve(self, service: Service) -> list[Target]:
        with self._lock:
            running = self._registered(service)
            if running and self._definitions.get(service.target_group) == service.task_definition:
                return running
            targets = self._register(service)
            self._definitions[service.target_group] = service.task_definition
            if running:
                self._balancing(service).deregister_targets(
                    TargetGroupArn=service.target_group,
                    Targets=[{"Id": target.address, "Port": target.port} for target in running],
                )
                self._command.end(running)
            return targets

    def _balancing(self, service: Service) -> Any:
        return self._cloud.in_account("elbv2", service.aws_environment)

    def _registered(self, service: Service) -> list[Target]:
        client = self._balancing(service)
        found = client.describe_target_health(TargetGroupArn=service.target_group)["TargetHealthDescriptions"]
        return [Target(item["Target"]["Id"], item["Target"]["Port"]) for item in found]

    def _register(self, service: Service) -> list[Target]:
        targets = self._command.start(service, self._cloud.proxy_environment())
        path = service.health_path
        for target in targets:
            url = f"http://{target.address}:{target.port}{path}"
            try:
                with open_without_proxy(url, timeout_seconds=PROBE_SECONDS):
                    pass
            except OSError as error:
                self._command.end(targets)
                raise ActionFailed(f"the workload of {service.name} failed its health check {path}: {error}") from None
        zones = itertools.cycle(service.zones or ("all",))
        self._balancing(service).register_targets(
            TargetGroupArn=service.target_group,
            Targets=[
                {"Id": target.address, "Port": target.port, "AvailabilityZone": zone}
                for target, zone in zip(targets, zones, strict=False)
            ],
        )
        return targets
