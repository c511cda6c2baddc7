"""What runs behind the emulated load balancers: one local stand-in per target group of a deployed service."""

import json
import sys
import threading
from pathlib import Path
from typing import Any

from rehearsal.actions.run import ActionFailed
from rehearsal.cloud import Cloud, Place, open_directly
from rehearsal.isolation import machine_environment
from rehearsal.processes import Processes

PROBE_SECONDS = 5
"""How long a stand-in may take to answer its first request."""


class NoTasks:
    """Puts nothing behind the load balancers, as if no task ever became healthy."""

    def start(self, stack_name: str, place: Place) -> tuple[str, ...]:  # noqa: ARG002 - the interface's parameters
        """Start nothing."""
        return ()


class StandIns:
    """Starts stand-ins and registers them as targets, once each has answered the target group's health check.

    The emulated load balancer does not probe its targets, so whoever registers one must be the judge.
    """

    def __init__(self, cloud: Cloud, processes: Processes, directory: Path) -> None:
        self._cloud = cloud
        self._processes = processes
        self._directory = directory
        self._targets: dict[str, int] = {}
        self._lock = threading.Lock()

    def start(self, stack_name: str, place: Place) -> tuple[str, ...]:
        """Start a stand-in for each service with a target group in the stack; return them in words."""
        cloudformation = self._cloud.in_account("cloudformation", place)
        resources = cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
        services = [item["PhysicalResourceId"] for item in resources if item["ResourceType"] == "AWS::ECS::Service"]
        return tuple(self._serve(group, place) for service in services for group in self._target_groups(service, place))

    def _target_groups(self, service_arn: str, place: Place) -> list[str]:
        cluster = service_arn.split("/")[-2]
        ecs = self._cloud.in_account("ecs", place)
        found = ecs.describe_services(cluster=cluster, services=[service_arn])["services"]
        return [balancer["targetGroupArn"] for service in found for balancer in service.get("loadBalancers", [])]

    def _serve(self, target_group: str, place: Place) -> str:
        with self._lock:
            if target_group not in self._targets:
                self._targets[target_group] = self._register(target_group, place)
            return f"stand-in on 127.0.0.1:{self._targets[target_group]} for {target_group.split('/')[-2]}"

    def _register(self, target_group: str, place: Place) -> int:
        balancing = self._cloud.in_account("elbv2", place)
        group: dict[str, Any] = balancing.describe_target_groups(TargetGroupArns=[target_group])["TargetGroups"][0]
        path = group.get("HealthCheckPath", "/")
        process = self._processes.start(
            [sys.executable, "-m", "rehearsal.stand_in", "--health-path", path],
            directory=self._directory,
            environment={**machine_environment(self._directory), "PYTHONPATH": str(Path(__file__).parent.parent)},
            hold_input=True,
        )
        line = process.stdout.readline() if process.stdout else ""
        try:
            port = json.loads(line)["port"]
            with open_directly(f"http://127.0.0.1:{port}{path}", timeout_seconds=PROBE_SECONDS):
                pass
        except (ValueError, KeyError, OSError) as error:
            self._processes.end(process)
            raise ActionFailed(f"the stand-in for {target_group} does not answer {path}: {error}") from None
        balancing.register_targets(TargetGroupArn=target_group, Targets=[{"Id": "127.0.0.1", "Port": port}])
        return port
