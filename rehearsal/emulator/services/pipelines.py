"""`AWS::CodePipeline::Pipeline`, and the part of CodePipeline's API that a rehearsal needs.

ministack has no CodePipeline. The rehearsal runs the *deployed* definition, so the emulator stores it, and increments
its version at each change as CodePipeline does.
"""

import copy
import json
from typing import Any

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, here, responses
from rehearsal.emulator.services import executions, jobs, started_executions
from rehearsal.errors import NOT_EMULATED

TOKEN = "OAuthToken"  # noqa: S105 - the name of a setting
"""A source action's setting with a secret value."""
TARGET = "CodePipeline_20150709."

_definitions: Any = responses.AccountRegionScopedDict()


def register() -> None:
    """Let stacks create, update and delete pipelines."""
    providers.register(Pipeline("AWS::CodePipeline::Pipeline"))


def answer(action: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Answer one API call about a definition or its executions, as (status, JSON)."""
    request = json.loads(body or b"{}")
    account, region = here()
    if found := executions.answer(action, request):
        return found
    if action in jobs.ACTIONS:
        return jobs.answer(action, request)
    if action not in ("GetPipeline", *started_executions.ACTIONS):
        return 400, {"__type": "InvalidActionException", "message": f"{NOT_EMULATED}: {action}"}
    name = request.get("name") or request.get("pipelineName")
    definition = _definitions.get(name)
    if definition is None:
        return 400, {
            "__type": "PipelineNotFoundException",
            "message": f"Account '{account}' does not have a pipeline with name '{name}'",
        }
    if action != "GetPipeline":
        return started_executions.answer(action, request, definition)
    arn = f"arn:aws:codepipeline:{region}:{account}:{request['name']}"
    return 200, {"pipeline": _without_tokens(definition), "metadata": {"pipelineArn": arn}}


def _without_tokens(definition: dict[str, Any]) -> dict[str, Any]:
    """Hide the tokens of GitHub sources, as the API does."""
    shown = copy.deepcopy(definition)
    for action in (action for stage in shown["stages"] for action in stage["actions"]):
        if TOKEN in action.get("configuration", {}):
            action["configuration"][TOKEN] = "****"
    return shown


class Pipeline(providers.ResourceProvider):
    """Pipelines: stores their definitions."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        name = properties.get("Name") or providers.physical_name(stack_name, logical_id, max_length=100)
        return _store(name, properties, version=1)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        version = int(_definitions[physical_id]["version"])
        changed = _definition(physical_id, old) != _definition(physical_id, new)
        return _store(physical_id, new, version=version + 1 if changed else version)

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        _definitions.pop(physical_id, None)


def _store(name: str, properties: Properties, *, version: int) -> Provisioned:
    _definitions[name] = {**_definition(name, properties), "version": version}
    return name, {"Version": str(version)}


def _definition(name: str, properties: Properties) -> dict[str, Any]:
    """Spell the template's properties as the API does."""
    kept = {key: value for key, value in properties.items() if key not in ("Tags", "RestartExecutionOnUpdate", "Name")}
    definition: dict[str, Any] = {"name": name, **_lower_camel(kept)}
    if stores := definition.get("artifactStores"):
        # A list in a template, a map by region in the API.
        definition["artifactStores"] = {store["region"]: store["artifactStore"] for store in stores}
    return definition


def _lower_camel(value: Any) -> Any:
    if isinstance(value, list):
        return [_lower_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        # A configuration's keys are the action's own and keep their spelling.
        key[0].lower() + key[1:]: inner if key == "Configuration" else _lower_camel(inner)
        for key, inner in value.items()
    }
