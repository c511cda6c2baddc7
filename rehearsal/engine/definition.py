"""A pipeline's definition, parsed from `GetPipeline`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Action:
    """One action of a stage."""

    name: str
    category: str
    provider: str
    run_order: int
    configuration: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    namespace: str | None
    role_arn: str | None
    region: str | None
    output_files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The files of an output artifact, of actions that say so themselves."""
    output_variables: tuple[str, ...] = ()
    """The variables that a Commands action exports."""
    environment_variables: tuple[dict[str, str], ...] = ()
    """The variables that a Commands action is given."""
    timeout_minutes: int | None = None
    is_rule: bool = False
    """Whether it does what a rule of a condition does; CodePipeline publishes no events of rules."""


@dataclass(frozen=True)
class Rule:
    """One rule of a condition."""

    name: str
    provider: str
    configuration: dict[str, str]
    region: str | None = None
    role_arn: str | None = None
    inputs: tuple[str, ...] = ()
    timeout_minutes: int | None = None


@dataclass(frozen=True)
class Condition:
    """Rules that must all be met, and the result if one is not."""

    result: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class OnFailure:
    """The result when a stage fails, or conditions that choose it."""

    result: str | None
    retry_mode: str | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Stage:
    """One stage: its actions and conditions."""

    name: str
    actions: tuple[Action, ...]
    before_entry: tuple[Condition, ...]
    on_success: tuple[Condition, ...]
    on_failure: OnFailure | None

    def rule_providers(self) -> set[str]:
        """Return the providers of all its rules."""
        on_failure = self.on_failure.conditions if self.on_failure else ()
        every = (*self.before_entry, *self.on_success, *on_failure)
        return {rule.provider for condition in every for rule in condition.rules}

    def run_orders(self) -> list[tuple[Action, ...]]:
        """Return the groups of actions that run in parallel, in order."""
        orders = sorted({action.run_order for action in self.actions})
        return [tuple(action for action in self.actions if action.run_order == order) for order in orders]


@dataclass(frozen=True)
class Definition:
    """One version of a pipeline."""

    name: str
    version: int
    role_arn: str
    artifact_bucket: str
    stages: tuple[Stage, ...]
    variables: dict[str, str] = field(default_factory=dict)
    """The pipeline's own variables, with their default values."""
    artifact_buckets: dict[str, str] = field(default_factory=dict)
    """Artifact buckets by region; empty if there is only one."""
    artifact_keys: dict[str, str] = field(default_factory=dict)
    """The customer's keys that encrypt the artifacts, by region."""

    def artifacts_in(self, region: str | None) -> str:
        """Return the artifact bucket for actions in a region; None is the pipeline's own region."""
        return self.artifact_buckets.get(region or "", self.artifact_bucket)


def parse(pipeline: dict[str, Any], home_region: str) -> Definition:
    """Parse the `pipeline` member of a `GetPipeline` response."""
    stores = pipeline.get("artifactStores", {})
    store = pipeline.get("artifactStore") or stores.get(home_region) or next(iter(stores.values()))
    return Definition(
        name=pipeline["name"],
        version=pipeline["version"],
        role_arn=pipeline["roleArn"],
        artifact_bucket=store["location"],
        stages=tuple(_stage(stage) for stage in pipeline["stages"]),
        variables={
            variable["name"]: variable["defaultValue"]
            for variable in pipeline.get("variables", [])
            if "defaultValue" in variable
        },
        artifact_buckets={region: found["location"] for region, found in stores.items()},
        artifact_keys={
            region: found["encryptionKey"]["id"]
            for region, found in (stores or {home_region: store}).items()
            if found.get("encryptionKey")
        },
    )


def from_template(properties: Mapping[str, Any]) -> Definition:
    """Return the definition that a template's pipeline has; values that only a deployment knows stay functions."""
    stages = tuple(_stage(stage) for stage in _lower_camel(properties.get("Stages", [])))
    named = tuple(replace(stage, actions=tuple(map(_with_name, stage.actions))) for stage in stages)
    return Definition(name="", version=0, role_arn="", artifact_bucket="", stages=named)


def _with_name(action: Action) -> Action:
    """Name an action after the resource whose name it will have, as the library does for a source in a new bucket."""
    name: Any = action.name
    return replace(action, name=str(name.get("Ref", name))) if isinstance(name, dict) else action


def _lower_camel(value: Any) -> Any:
    """Spell a template's keys as the API does; those of a configuration are the action's own."""
    if isinstance(value, list):
        return [_lower_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key[:1].lower() + key[1:]: inner if key == "Configuration" else _lower_camel(inner)
        for key, inner in value.items()
    }


def _stage(stage: dict[str, Any]) -> Stage:
    failure = stage.get("onFailure")
    return Stage(
        name=stage["name"],
        actions=tuple(_action(action) for action in stage["actions"]),
        before_entry=_conditions(stage.get("beforeEntry")),
        on_success=_conditions(stage.get("onSuccess")),
        on_failure=OnFailure(
            result=failure.get("result"),
            retry_mode=failure.get("retryConfiguration", {}).get("retryMode"),
            conditions=_conditions(failure),
        )
        if failure
        else None,
    )


def _action(action: dict[str, Any]) -> Action:
    return Action(
        name=action["name"],
        category=action["actionTypeId"]["category"],
        provider=action["actionTypeId"]["provider"],
        run_order=action.get("runOrder", 1),
        # Commands have no configuration of their own; as one text, their variables are resolved like an other's.
        configuration={
            **{name: _text(value) for name, value in action.get("configuration", {}).items()},
            **_commands(action),
        },
        inputs=tuple(artifact["name"] for artifact in action.get("inputArtifacts", [])),
        outputs=tuple(artifact["name"] for artifact in action.get("outputArtifacts", [])),
        namespace=action.get("namespace"),
        role_arn=action.get("roleArn"),
        region=action.get("region"),
        output_files={
            artifact["name"]: tuple(artifact["files"])
            for artifact in action.get("outputArtifacts", [])
            if artifact.get("files")
        },
        output_variables=tuple(action.get("outputVariables", ())),
        environment_variables=tuple(action.get("environmentVariables", ())),
        timeout_minutes=action.get("timeoutInMinutes"),
    )


def _text(value: Any) -> Any:
    """Return a number or truth value of a configuration as the text that the API has; a template's function stays."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _commands(holder: dict[str, Any]) -> dict[str, str]:
    """Return the commands of an action or a rule as one text of its configuration."""
    return {"Commands": "\n".join(holder["commands"])} if holder.get("commands") else {}


def _conditions(holder: dict[str, Any] | None) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            result=condition.get("result", "FAIL"),
            rules=tuple(
                Rule(
                    name=rule["name"],
                    provider=rule["ruleTypeId"]["provider"],
                    configuration={**rule.get("configuration", {}), **_commands(rule)},
                    region=rule.get("region"),
                    role_arn=rule.get("roleArn"),
                    inputs=tuple(artifact["name"] for artifact in rule.get("inputArtifacts", [])),
                    timeout_minutes=rule.get("timeoutInMinutes"),
                )
                for rule in condition.get("rules", [])
            ),
        )
        for condition in (holder or {}).get("conditions", [])
    )
