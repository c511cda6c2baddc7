"""What runs behind the emulated load balancers: something on this machine for each task of a deployed service."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from rehearsal.actions.run import ActionFailed
from rehearsal.actions.secret_reference import SecretNotFound
from rehearsal.engine.cloud import AwsEnvironment, Cloud, open_without_proxy
from rehearsal.workloads.services import Service, services

PROBE_SECONDS = 5
"""How long a target may take to answer its first request."""


class TaskKind(StrEnum):
    """What runs as a service's tasks."""

    FAKE = "fake"
    """A local fake that keeps the container's contract."""
    CONTAINER = "container"
    """The container's own processes."""
    NONE = "none"


@dataclass(frozen=True)
class Target:
    """Where something answers for a task."""

    address: str
    port: int


class TaskStarter(Protocol):
    """Who starts what answers for a service's tasks."""

    @property
    def kind(self) -> str:
        """What it starts, in a word."""
        ...

    def start(self, service: Service, environment: Mapping[str, str]) -> list[Target]:
        """Start it with these variables and return where it answers; raises ActionFailed."""
        ...


class NoTasks:
    """Puts nothing behind the load balancers, as if no task ever became healthy."""

    def start(self, stack_name: str, place: AwsEnvironment) -> tuple[str, ...]:  # noqa: ARG002 - the interface's parameters
        """Start nothing."""
        return ()


class Tasks:
    """Has tasks started and registers them as targets, once each has answered the target group's health check.

    The emulated load balancer does not probe its targets, so whoever registers one must be the judge.
    """

    def __init__(self, cloud: Cloud, starter: TaskStarter) -> None:
        self._cloud = cloud
        self._starter = starter
        self._lock = threading.Lock()

    def start(self, stack_name: str, place: AwsEnvironment) -> tuple[str, ...]:
        """Start what each service with a target group in the stack would run; return it in words.

        A service that is deployed again keeps what it has.
        """
        try:
            return tuple(
                f"{self._starter.kind} on {target.address}:{target.port} for {service.name}"
                for service in services(self._cloud, stack_name, place)
                for target in self._serve(service)
            )
        except SecretNotFound as error:
            raise ActionFailed(f"no task of {stack_name} can start: {error}") from None

    def _serve(self, service: Service) -> list[Target]:
        with self._lock:
            return self._registered(service) or self._register(service)

    def _registered(self, service: Service) -> list[Target]:
        client = self._cloud.in_account("elbv2", service.place)
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
                raise ActionFailed(f"the {kind} for {service.target_group} does not answer {path}: {error}") from None
        zones = itertools.cycle(service.zones or ("all",))
        self._cloud.in_account("elbv2", service.place).register_targets(
            TargetGroupArn=service.target_group,
            Targets=[
                {"Id": target.address, "Port": target.port, "AvailabilityZone": zone}
                for target, zone in zip(targets, zones, strict=False)
            ],
        )
        return targets
