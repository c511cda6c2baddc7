"""What containers, functions and builds are given: exactly which variables, and which key of which secret.

An extra variable is how a password gets into a template, and a key that a secret lacks is noticed when the first task
starts.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from tests.policies import as_list
from tests.unit.deployed_stacks import Stack, stacks
from tests.unit.other_settings import APPS, Synthesized

PARTS: Final = {"APPLICATION", "CACHE", "DATABASE", "DISTRIBUTION", "STORAGE"}
READERS: Final = {"READABLE_ENVIRONMENTS", "READER_ROLE"}
CONTAINERS: Final = {
    "yawl": {
        *("ENVIRONMENT", "IMAGE_VERSION", "LOG_LEVEL", "REDIS_CA_BUNDLE", "REDIS_HOST", "REDIS_PORT"),
        *("YAWL_DB_CA_BUNDLE", "YAWL_DB_HOST", "YAWL_DB_NAME", "YAWL_DB_PORT", "YAWL_HEAP_SIZE"),
    },
}
"""The plain variables of each container."""
FUNCTIONS: Final[Mapping[str, set[str]]] = {
    "drift-check": {"ENVIRONMENT", "STACK_PREFIX"},
    "recovery-check": {"ENVIRONMENT", "RESTORE_TEST", "VAULTS"},
    "delivery_events.notify.handler": {
        *("APPROVAL_TOPIC", "BUCKET", "DELIVERY_TOPIC", "DEPLOYMENTS", "ENVIRONMENTS", *READERS)
    },
    "delivery_events.record.handler": {"BUCKET", "ENVIRONMENTS", *READERS},
    "delivery_metrics.handler.handle": {"ENVIRONMENTS", "PIPELINE", "TABLE_NAME", "WATCHED"},
}
"""Those of each function, by the end of its name or by its handler. The library's functions have none."""
BUILDS: Final = {
    "Synth": set[str](),
    "SelfMutate": set[str](),
    "FileAssets": set[str](),
    "DockerAssets": set[str](),
    "ReviewChanges": {"COMMIT", "EXECUTION", "LATER_STAGES", "PIPELINE", "PUBLISH_TO"},
    "IntegrationTests": {
        *("ALARM_NAME_PREFIX", "CONSECUTIVE_SUCCESSES", "DEADLINE_SECONDS", "ENVIRONMENT", "ENVIRONMENT_REGION"),
        *("ERROR_RATE_LIMIT_PERCENT", "HEALTH_PATH", "P99_LIMIT_SECONDS", "SAMPLE_REQUESTS", "STACK_NAMES", *PARTS),
    },
    "Bake": {"ALARM_NAME", "BAKE_MINUTES", "ENVIRONMENT", "ENVIRONMENT_REGION", "ALARM_READER_ROLE_ARN"},
}
"""Those of each build, from its project and from the pipeline's action."""
HASH: Final = "_PROJECT_CONFIG_HASH"
"""The library's, for builds that change with the pipeline."""

MASTER: Final = "<database Instance.MasterUserSecret.SecretArn>"
SECRETS: Final = {
    "YAWL_DB_USER": (MASTER, "username"),
    "YAWL_DB_PASSWORD": (MASTER, "password"),
    "REDIS_AUTH_TOKEN": ("<cache AuthToken>", ""),
    "YAWL_ADMIN_USER": ("<application EngineCredentials>", "username"),
    "YAWL_ADMIN_PASSWORD": ("<application EngineCredentials>", "password"),
}
"""The engine's variables from secrets: the secret, and its key; without one, the whole of it."""
RESOLVED: Final = {
    "AWS::CloudFront::Distribution DistributionConfig.Origins.OriginCustomHeaders.HeaderValue": (
        "<application FrontDoorOriginSecret>"
    ),
    "AWS::ElastiCache::ReplicationGroup AuthToken": "<cache AuthToken>",
    "AWS::ElasticLoadBalancingV2::ListenerRule Conditions.HttpHeaderConfig.Values": (
        "<application FrontDoorOriginSecret>"
    ),
}
"""The only properties that CloudFormation fills from a secret, and from which."""
MANAGED_BY_RDS: Final = {"password", "username"}
"""The keys of a master user's secret (RDS User Guide, "Password management with RDS and AWS Secrets Manager")."""


class Environment:
    """The stacks of one environment, and what their references lead to."""

    def __init__(self, found: list[Stack]) -> None:
        self.stacks = {stack.name: stack for stack in found}

    def text(self, value: Any, stack: Stack) -> str:
        """Return the value as text; a reference that leads to a resource is `<part LogicalId.Attribute>`."""
        match value:
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.text(part, stack) for part in parts)
            case {"Fn::GetStackOutput": {"StackName": name, "OutputName": output}}:
                other = self.stacks[name]
                return self.text(other.template["Outputs"][output]["Value"], other)
            case {"Fn::GetAtt": [logical_id, "Value"]} if stack.resources[logical_id]["Type"] == "AWS::SSM::Parameter":
                return self.text(stack.resources[logical_id]["Properties"]["Value"], stack)
            case {"Fn::GetAtt": [logical_id, attribute]}:
                return f"<{part(stack)} {without_hash(logical_id)}.{attribute}>"
            case {"Ref": logical_id}:
                return f"<{part(stack)} {without_hash(logical_id)}>"
        return str(value)

    def keys(self, secret: str) -> set[str]:
        """Return the keys of a secret's JSON; none for one that is a plain string."""
        if secret.endswith(".MasterUserSecret.SecretArn>"):
            [instance] = [one for stack in self.stacks.values() for _, one in stack.of_type("AWS::RDS::DBInstance")]
            assert instance["ManageMasterUserPassword"] is True
            return MANAGED_BY_RDS
        [generated] = [
            one["GenerateSecretString"]
            for stack in self.stacks.values()
            for logical_id, one in stack.of_type("AWS::SecretsManager::Secret")
            if f"<{part(stack)} {without_hash(logical_id)}>" == secret
        ]
        template = json.loads(generated.get("SecretStringTemplate", "{}"))
        return {*template, generated["GenerateStringKey"]} if "GenerateStringKey" in generated else set()


def part(stack: Stack) -> str:
    return stack.name.removeprefix(f"yawl-{stack.environment}-")


def without_hash(logical_id: str) -> str:
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)


def environments(app: Synthesized) -> list[Environment]:
    by_name: dict[str, list[Stack]] = {}
    for stack in stacks(app):
        by_name.setdefault(stack.environment, []).append(stack)
    return [Environment(found) for name, found in by_name.items() if name != "delivery"]


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text below the value with its path, without numbers of list items and intrinsic functions."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from strings(one, path if key.startswith(("Fn::", "Ref")) else f"{path}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, path)


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_containers_have_these_variables_and_no_others(app: Synthesized) -> None:
    tasks = [task for stack in stacks(app) for _, task in stack.of_type("AWS::ECS::TaskDefinition")]
    assert tasks
    for container in (container for task in tasks for container in task["ContainerDefinitions"]):
        plain = [one["Name"] for one in container["Environment"]]
        assert sorted(plain) == sorted(CONTAINERS[container["Name"]])
        assert sorted(one["Name"] for one in container["Secrets"]) == sorted(SECRETS)
        assert not set(container) & {"EnvironmentFiles", "RepositoryCredentials"}


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_functions_have_these_variables_and_no_others(app: Synthesized) -> None:
    functions = [
        (name, one)
        for stack in stacks(app)
        for name, one in stack.of_type("AWS::Lambda::Function")
        if not name.startswith(("AWS679f53fac002430cb0da5b7982bd2287", "Custom"))
    ]
    assert len(functions) > 3
    for _, function in functions:
        own_name = "-".join(str(function.get("FunctionName", "")).split("-")[-2:])
        expected = FUNCTIONS[own_name or function["Handler"]]
        assert set(function["Environment"]["Variables"]) == expected


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_the_librarys_functions_have_no_variables(app: Synthesized) -> None:
    for stack in stacks(app):
        for name, function in stack.of_type("AWS::Lambda::Function"):
            if name.startswith(("AWS679f53fac002430cb0da5b7982bd2287", "Custom")):
                assert "Environment" not in function


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_builds_have_these_variables_and_no_others(app: Synthesized) -> None:
    pipeline = app.pipeline
    builds = [
        (stage, action)
        for stage, actions in pipeline.stages.items()
        for action in actions
        if action["ActionTypeId"]["Provider"] == "CodeBuild"
    ]
    assert len(builds) > 4
    for stage, action in builds:
        of_project = pipeline.project(stage, action["Name"])["Environment"].get("EnvironmentVariables", [])
        of_action = json.loads(action["Configuration"].get("EnvironmentVariables", "[]"))
        assert {one["Type"] for one in of_project} | {one["type"] for one in of_action} <= {"PLAINTEXT"}
        names = [one["Name"] for one in of_project] + [one["name"] for one in of_action if one["name"] != HASH]
        kind = action["Name"].rpartition(".")[2]
        # Only a bake before the last environment can be skipped.
        assert sorted(set(names) - {"HOTFIX"} if kind == "Bake" else names) == sorted(BUILDS[kind]), action["Name"]


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_only_three_properties_get_the_value_of_a_secret(app: Synthesized) -> None:
    """Not a variable, an output, a parameter's default, a function's code or a build's commands."""
    found: list[tuple[str, str]] = []
    for stack in stacks(app):
        for logical_id, resource in stack.resources.items():
            for path, text in strings(resource.get("Properties", {})):
                if "{{resolve:" in text:
                    found.append((f"{resource['Type']} {path.removeprefix('.')}", f"{stack.name} {logical_id}"))
        others = {key: value for key, value in stack.template.items() if key != "Resources"}
        found += [(path, stack.name) for path, text in strings(others) if "{{resolve:" in text]
    assert found
    assert [one for one in found if one[0] not in RESOLVED] == []


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_engine_reads_these_keys_of_these_secrets_which_have_them(app: Synthesized) -> None:
    for environment in environments(app):
        for stack in environment.stacks.values():
            for _, task in stack.of_type("AWS::ECS::TaskDefinition"):
                for one in task["ContainerDefinitions"][0]["Secrets"]:
                    secret, _, rest = environment.text(one["ValueFrom"], stack).partition(">")
                    key = rest.removeprefix(":").removesuffix("::")
                    assert (f"{secret}>", key) == SECRETS[one["Name"]]
                    assert key in environment.keys(f"{secret}>") if key else not environment.keys(f"{secret}>")


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_resolved_secrets_are_these_and_have_their_keys(app: Synthesized) -> None:
    for environment in environments(app):
        found = []
        for stack in environment.stacks.values():
            for where, secret in RESOLVED.items():
                kind = where.split()[0]
                for text in (json.dumps(properties) for _, properties in stack.of_type(kind)):
                    for value in re.findall(r'\{"Fn::Join": \["", \["\{\{resolve:.*?\}\}"\]\]\}', text):
                        reference = environment.text(json.loads(value), stack)
                        assert reference == f"{{{{resolve:secretsmanager:{secret}:SecretString:::}}}}"
                        assert not environment.keys(secret), "a plain string, which the reference takes as a whole"
                        found.append(kind)
        assert sorted(found) == sorted(where.split()[0] for where in RESOLVED)


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_no_secret_is_written_in_a_template(app: Synthesized) -> None:
    """Every secret is generated by Secrets Manager or RDS; none has its value in the template."""
    for stack in stacks(app):
        for _, secret in stack.of_type("AWS::SecretsManager::Secret"):
            assert "SecretString" not in secret
            generated = secret["GenerateSecretString"]
            assert (generated["PasswordLength"], generated["ExcludePunctuation"]) == (64, True)
            template = json.loads(generated.get("SecretStringTemplate", "{}"))
            assert set(template) <= {"username"}
        for _, instance in stack.of_type("AWS::RDS::DBInstance"):
            assert "MasterUserPassword" not in instance
        names = {path.rpartition(".")[2] for path, _ in strings(stack.resources)}
        assert not names & {"OAuthToken", "Password", "SecretToken"}
        assert all(not one.get("NoEcho") for one in as_list(list(stack.template.get("Parameters", {}).values())))
