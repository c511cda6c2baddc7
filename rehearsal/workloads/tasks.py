"""Starts a process for each task of a deployed service and registers it with the load balancer."""

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import ActionFailed
from rehearsal.actions.secrets import SecretNotFound
from rehearsal.engine.cloud import Cloud, open_without_proxy
from rehearsal.workloads.services import Service, services

PROBE_SECONDS = 5
"""Timeout of a target's first health check."""


class TaskKind(StrEnum):
    """What runs as a service's tasks."""

    FAKE = "fake"
    """A local fake that keeps the container's contract."""
    CONTAINER = "container"
    """The container's own processes."""
    NONE = "none"


@dataclass(frozen=True)
class Target:
    """The address of a running task."""

    address: str
    port: int


class TaskStarter(Protocol):
    """Starts the tasks of a service."""

    @property
    def kind(self) -> str:
        """The kind of tasks, for descriptions."""
        ...

    def start(self, service: Service, environment: Mapping[str, str]) -> list[Target]:
        """Start the tasks with these variables and return their targets; raises ActionFailed."""
        ...

    def end(self, targets: Sequence[Target]) -> None:
        """End tasks that it started."""
        ...


class NoTasks:
    """Runs nothing behind the load balancers, as if no task ever became healthy."""

    def start(self, stack_name: str, environment: AwsEnvironment) -> tuple[str, ...]:  # noqa: ARG002 - the interface's parameters
        """Start nothing."""
        return ()


class Tasks:
    """Starts tasks and registers each as a target after it has passed the health check.

    Checks the health itself, because the emulated load balancer does not.
    """

    def __init__(self, cloud: Cloud, starter: TaskStarter) -> None:
        self._cloud = cloud
        self._starter = starter
        self._lock = threading.Lock()
        self._versions: dict[str, str] = {}
        """The version that the running tasks report, by target group."""

    def start(self, stack_name: str, environment: AwsEnvironment) -> tuple[str, ...]:
        """Start the tasks of every service in the stack that has a target group; return their descriptions.

        A service that is deployed again keeps its running tasks, unless its version has changed.
        """
        try:
            return tuple(
                f"{self._starter.kind} on {target.address}:{target.port} for {service.name}"
                for service in services(self._cloud, stack_name, environment)
                for target in self._serve(service)
            )
        except SecretNotFound as error:
            raise ActionFailed(f"the tasks of {stack_name} cannot start: {error}") from None

    def _serve(self, service: Service) -> list[Target]:
        with self._lock:
            running = self._registered(service)
            if running and self._versions.get(service.target_group) == service.version:
                return running
            targets = self._register(service)
            self._versions[service.target_group] = service.version
            if running:
                self._balancing(service).deregister_targets(
                    TargetGroupArn=service.target_group,
                    Targets=[{"Id": target.address, "Port": target.port} for target in running],
                )
                self._starter.end(running)
            return targets

    def _balancing(self, service: Service) -> Any:
        return self._cloud.in_account("elbv2", service.aws_environment)

    def _registered(self, service: Service) -> list[Target]:
        client = self._balancing(service)
        found = client.describe_target_health(TargetGroupArn=service.target_group)["TargetHealthDescriptions"]
        return [Target(item["Target"]["Id"], item["Target"]["Port"]) for item in found]

    def _register(self, service: Service) -> list[Target]:
        targets = self._starter.start(service, self._cloud.proxy_environment())
        kind, path = self._starter.kind, service.health_path
        for target in targets:
            url = f"http://{target.address}:{target.port}{path}"
            try:
                with open_without_proxy(url, timeout_seconds=PROBE_SECONDS):
                    pass
            except OSError as error:
                raise ActionFailed(f"the {kind} of {service.name} failed its health check {path}: {error}") from None
        zones = itertools.cycle(service.zones or ("all",))
        self._balancing(service).register_targets(
            TargetGroupArn=service.target_group,
            Targets=[
                {"Id": target.address, "Port": target.port, "AvailabilityZone": zone}
                for target, zone in zip(targets, zones, strict=False)
            ],
        )
        return targets
