"""What the templates ask of CloudFormation and CodePipeline and the rehearsal does not do.

On AWS, a deployment may fail or wait there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloud_assembly import Stack
from rehearsal.gaps import Gap, GapKind, resource_label
from rehearsal.workloads.links import Links

TRANSFORMS = frozenset({"AWS::Include", "AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"})
"""Transforms that the emulator expands; the last one with a package that may be missing, which it says."""
DISABLED = "the transition into it is disabled, so that CodePipeline stops before it until somebody enables it"
SIGNALS = "it waits for signals of its instances, which do not run"
NO_SHIFT = "CodeDeploy's shift of traffic, with its hooks and alarms, is not rehearsed; all traffic moves at once"
NO_CONTAINERS = "the containers of its tasks do not run"


def ignored(templates: Sequence[Stack]) -> list[Gap]:
    """Return what of the templates the rehearsal does not do."""
    found: list[Gap] = []
    for stack in templates:
        macros = sorted(set(_transforms(stack.template)) - TRANSFORMS)
        found += [Gap(GapKind.EMULATOR, f"stack {stack.name}", f"the macro {macro} is not run") for macro in macros]
        if stack.template.get("Hooks"):
            found.append(Gap(GapKind.ACTION, f"stack {stack.name}", NO_SHIFT))
        for logical_id, resource in stack.resources.items():
            where = f"{resource_label(resource, logical_id, stack.name)} in {stack.aws_environment}"
            found += [Gap(kind, where, reason) for kind, reason in _of_resource(resource)]
    return [*found, *_workers(Links(templates))]


def disabled_transitions(pipeline: Mapping[str, Any]) -> list[Gap]:
    """Return the stages before which CodePipeline would stop."""
    transitions = pipeline.get("DisableInboundStageTransitions") or []
    return [Gap(GapKind.ACTION, str(one.get("StageName")), DISABLED) for one in transitions if isinstance(one, dict)]


def _transforms(template: Mapping[str, Any]) -> Iterator[str]:
    declared = template.get("Transform") or []
    for one in declared if isinstance(declared, list) else [declared]:
        yield str(one.get("Name")) if isinstance(one, dict) else str(one)


def _of_resource(resource: Mapping[str, Any]) -> Iterator[tuple[GapKind, str]]:
    properties, update = resource.get("Properties") or {}, resource.get("UpdatePolicy") or {}
    rolling = update.get("AutoScalingRollingUpdate") or {}
    signals = (resource.get("CreationPolicy") or {}).get("ResourceSignal") or rolling.get("WaitOnResourceSignals")
    if signals or resource["Type"] == "AWS::CloudFormation::WaitCondition":
        yield GapKind.EMULATOR, SIGNALS
    controller = (properties.get("DeploymentController") or {}).get("Type", "ECS")
    if update.get("CodeDeployLambdaAliasUpdate") or (resource["Type"] == "AWS::ECS::Service" and controller != "ECS"):
        yield GapKind.ACTION, NO_SHIFT


def _workers(links: Links) -> Iterator[Gap]:
    """Yield the ECS services that no load balancer belongs to, so that no workload serves them."""
    for one in links.of_type("AWS::ECS::Service"):
        if not one.properties.get("LoadBalancers") and one.properties.get("DesiredCount") not in (0, "0"):
            yield Gap(GapKind.WORKLOAD, f"service {one.label}", NO_CONTAINERS)
