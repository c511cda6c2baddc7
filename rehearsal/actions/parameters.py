"""The parameters of a CloudFormation action: from its template configuration and its overrides."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.actions import artifacts
from rehearsal.actions.run import ActionFailed, Run

ARTIFACT_ATTRIBUTE, PARAMETER = "Fn::GetArtifactAtt", "Fn::GetParam"
"""Functions of overrides (CodePipeline User Guide, "Using parameter override functions with CodePipeline")."""


def template_configuration(run: Run, part: str) -> dict[str, str]:
    """Return the `Parameters` or `Tags` of the action's template configuration; empty without one."""
    location = run.configuration.get("TemplateConfiguration")
    found = _json(run.context.artifacts.read(location), location) if location else {}
    return {name: _text(value) for name, value in found.get(part, {}).items()}


def stack_policy(run: Run) -> dict[str, Any] | None:
    """Return the stack policy of the action's template configuration; None without one."""
    location = run.configuration.get("TemplateConfiguration")
    return (_json(run.context.artifacts.read(location), location) if location else {}).get("StackPolicy")


def parameters(run: Run) -> dict[str, str]:
    """Return the values of the template's parameters; overrides win. Raises ActionFailed and ArtifactNotFound."""
    overrides = _json(run.configuration.get("ParameterOverrides", "{}"), "ParameterOverrides")
    return {
        **template_configuration(run, "Parameters"),
        **{name: _override(run, name, value) for name, value in overrides.items()},
    }


def _override(run: Run, name: str, value: Any) -> str:
    if not isinstance(value, Mapping):
        return _text(value)
    [(function, arguments)] = value.items()
    if function == ARTIFACT_ATTRIBUTE:
        artifact, attribute = arguments
        _require_input(run, name, artifact)
        bucket, key = artifacts.stored(run, artifact)
        url = f"https://s3-{run.aws_environment.region}.amazonaws.com/{bucket}/{key}"
        attributes = {"BucketName": bucket, "ObjectKey": key, "URL": url}
        if attribute in attributes:
            return attributes[attribute]
    elif function == PARAMETER:
        artifact, file, key = arguments
        _require_input(run, name, artifact)
        found = _json(run.context.artifacts.read(f"{artifact}::{file}"), f"{artifact}::{file}")
        if key in found:
            return _text(found[key])
    raise ActionFailed(f"ParameterOverrides: {name}: {json.dumps(value)} has no value")


def _require_input(run: Run, name: str, artifact: str) -> None:
    if artifact not in run.action.inputs:
        raise ActionFailed(f"ParameterOverrides: {name}: {artifact} is not an input artifact of the action")


def _json(text: str, where: str) -> dict[str, Any]:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ActionFailed(f"{where} is not valid JSON: {error}") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
