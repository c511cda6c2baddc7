"""A build sees what a CodeBuild container would, and nothing of the user's that leads to a real account."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typing_extensions import override

from rehearsal.actions.builds import buildspec
from rehearsal.actions.builds.environment import CACHES, BuildRequest, build_environment
from rehearsal.actions.run import ActionFailed, Context, Run
from rehearsal.engine.approvals import PresetApprover
from rehearsal.engine.artifacts import Artifacts
from rehearsal.engine.cloud import Cloud, Credentials
from rehearsal.engine.definition import parse
from rehearsal.process.isolation import MACHINE
from rehearsal.process.processes import Processes
from rehearsal.workloads.tasks import NoTasks
from tests.rehearsal.unit.rehearsal_fakes import HOME, action, pipeline, stage

ROLE = Credentials("ASIAROLE", "role secret", "role token")
"""Of the project's own role."""
ENDPOINT = "http://localhost:9"
SECRET = f"arn:aws:secretsmanager:us-east-1:{HOME.account}:secret:app-AbCdEf"


class Store(Cloud):
    """A cloud with one parameter, one secret, and roles for everybody."""

    @override
    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        assert (service in ("ssm", "secretsmanager"), region, credentials) == (True, HOME.region, ROLE)
        return self

    def get_parameters(self, Names: list[str], WithDecryption: bool) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if Names == ["/app/forbidden"]:
            raise _refusal("AccessDeniedException", "User: build is not authorized")
        return {"Parameters": [{"Value": "high"}] if Names == ["/app/level"] and WithDecryption else []}

    def get_secret_value(self, SecretId: str, **version: str) -> dict[str, Any]:  # noqa: N803
        if SecretId not in ("app", SECRET):
            raise _refusal("ResourceNotFoundException", "no such secret")
        return {"SecretString": json.dumps({"token": "t0ken", "number": 5, "version": version})}


def _refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Get")


@dataclass
class Builds:
    """Makes environments of builds in a folder."""

    directory: Path

    def environment(
        self,
        *variables: dict[str, str],
        project: tuple[dict[str, str], ...] = (),
        env: dict[str, Any] | None = None,
        inputs: tuple[str, ...] = ("Source",),
        primary: str = "",
    ) -> dict[str, str]:
        """The environment of an action with these variables, in a project and with a specification with others."""
        document = action("Synth", PrimarySource=primary)
        document["inputArtifacts"] = [{"name": name} for name in inputs]
        document["configuration"]["EnvironmentVariables"] = json.dumps(variables)
        definition = parse(pipeline(stage("Build", document)), HOME.region)
        found = definition.stages[0].actions[0]
        context = Context(
            cloud=Store(ENDPOINT),
            processes=Processes(),
            artifacts=Artifacts(self.directory / "artifacts"),
            definition=definition,
            home=HOME,
            execution_id="execution",
            repository=self.directory,
            commit="c0ffee",
            directory=self.directory / "builds",
            approver=PresetApprover(answer=True),
            workloads=NoTasks(),
        )
        run = Run("Build", found, found.configuration, context, lambda _: None)
        described = {
            "name": "project",
            "serviceRole": "build-role",
            "environment": {"image": "aws/codebuild/standard:7.0", "environmentVariables": list(project)},
        }
        text = json.dumps({"version": "0.2", "env": env or {}, "phases": {"build": {}}})
        build = self.directory / "build"
        build.mkdir()
        request = BuildRequest(described, build, ROLE, build_id="project:1", log_stream="1")
        return build_environment(run, request, buildspec.parse(text)).variables


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    return Builds(tmp_path)


def plain(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value, "type": "PLAINTEXT"}


OUTSIDE = {
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_PROFILE": "prod",
    "AWS_CONFIG_FILE": "/real/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/real/credentials",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/real/token",
    "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/real",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/real",
    "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_EC2_METADATA_DISABLED": "false",
    "HTTPS_PROXY": "http://proxy.example.com",
    "HTTP_PROXY": "http://proxy.example.com",
    "CDK_PROFILE": "prod",
    "DOCKER_HOST": "tcp://example.com",
    "GITHUB_TOKEN": "real",
    "PYTHONPATH": "/somewhere",
    "VIRTUAL_ENV": "/somewhere",
    "XDG_CONFIG_HOME": "/somewhere",
}


def test_user_variables_do_not_leak_in(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OUTSIDE.items():
        monkeypatch.setenv(name, value)
    environment = builds.environment()
    assert {name for name, value in OUTSIDE.items() if environment.get(name) == value} == set()
    proxies = {"HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"}
    allowed = {*MACHINE, *CACHES, *proxies, "HOME", "PATH", "TMPDIR", "CI", "JAVA_TOOL_OPTIONS", "NODE_USE_ENV_PROXY"}
    prefixes = ("CODEBUILD_", "AWS_", "CDK_", "COREPACK_", "PIP_", "UV_", "NPM_CONFIG_", "npm_config_")
    assert [name for name in environment if name not in allowed and not name.startswith(prefixes)] == []


def test_emulator_and_role_override_everything(builds: Builds) -> None:
    leading_out = [plain(name, value) for name, value in OUTSIDE.items() if name.startswith(("AWS_", "HTTP_"))]
    environment = builds.environment(
        *leading_out,
        plain("AWS_ENDPOINT_URL", "https://sts.amazonaws.com"),
        plain("http_proxy", "http://proxy.example.com"),
        project=tuple(leading_out),
        env={"variables": dict.fromkeys(OUTSIDE, "from the specification")},
    )
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert environment["HTTP_PROXY"] == environment["http_proxy"] == ENDPOINT
    assert environment["AWS_ACCESS_KEY_ID"] == "ASIAROLE"
    assert environment["AWS_SECRET_ACCESS_KEY"] == "role secret"
    assert environment["AWS_SESSION_TOKEN"] == "role token"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == HOME.region
    absent = ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
    assert [name for name in absent if name in environment] == []


def test_home_contains_only_registry_settings(builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "user"
    for name in (".aws/credentials", ".ssh/id", ".cdk.json", ".npmrc", ".config/pip/pip.conf", ".config/gh/hosts"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    monkeypatch.setenv("HOME", str(home))
    own = Path(builds.environment()["HOME"])
    assert own.is_relative_to(tmp_path / "build")
    assert (own / ".npmrc").read_text() == ""
    assert (own / ".config/pip/pip.conf").is_file()
    found = sorted(str(path.relative_to(own)) for path in own.rglob("*") if not path.is_dir() or path.is_symlink())
    assert found == [".config/pip/pip.conf", ".npmrc"]
    (own / ".npmrc").write_text("changed by the build")
    assert (home / ".npmrc").read_text() == ".npmrc"


def test_npm_has_the_users_registries_but_no_other_setting(
    builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [
        "registry=https://npm.example.com/",
        "@team:registry = https://npm.example.com/team/",
        "//npm.example.com/:_authToken=${TOKEN}",
        "strict-ssl=false",
        "https-proxy=http://proxy.example.com",
        "cafile=/etc/ca.pem",
    ]
    dropped = ["yes=false", "legacy-peer-deps=true", "prefix=/the/users", "nodedir=/usr", "; registry=https://old"]
    home = tmp_path / "user"
    home.mkdir()
    (home / ".npmrc").write_text("\n".join([*dropped, *kept]))
    monkeypatch.setenv("HOME", str(home))
    own = Path(builds.environment()["HOME"])
    assert (own / ".npmrc").read_text().splitlines() == kept


@pytest.mark.parametrize(("cache", "mode"), [("/dev", "symlink"), (".", None)])
def test_cache_on_another_file_system_is_symlinked(
    cache: str, mode: str | None, builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.actions.builds.environment.cache", lambda: tmp_path / cache)
    monkeypatch.delenv("UV_LINK_MODE", raising=False)
    assert builds.environment().get("UV_LINK_MODE") == mode


def test_pip_compiles_no_package_that_a_build_may_not_import(builds: Builds) -> None:
    assert builds.environment()["PIP_COMPILE"] == "0"


def test_uv_link_mode_of_the_user_is_kept(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.actions.builds.environment.cache", lambda: Path("/dev"))
    monkeypatch.setenv("UV_LINK_MODE", "copy")
    assert builds.environment()["UV_LINK_MODE"] == "copy"


REGISTRIES = {
    "PIP_INDEX_URL": "https://registry.example.com/simple",
    "UV_INDEX_OWN_PASSWORD": "token",
    "UV_DEFAULT_INDEX": "https://registry.example.com/simple",
    "npm_config_registry": "https://registry.example.com/npm",
    "NPM_CONFIG_CAFILE": "/etc/ssl/own.pem",
}
FOLDERS = (
    *("PIP_CACHE_DIR", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_SRC", "PIP_LOG", "PIP_USER", "PIP_PYTHON"),
    *("UV_CACHE_DIR", "UV_TOOL_DIR", "UV_TOOL_BIN_DIR", "UV_PYTHON_INSTALL_DIR", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON"),
    *("NPM_CONFIG_CACHE", "npm_config_cache", "npm_config_prefix", "npm_config_logs_dir", "npm_config_userconfig"),
)


def test_registry_settings_are_kept_but_install_locations_are_not(
    builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**REGISTRIES, **dict.fromkeys(FOLDERS, "/the/users")}.items():
        monkeypatch.setenv(name, value)
    environment = builds.environment()
    assert {name: environment.get(name) for name in REGISTRIES} == REGISTRIES
    assert [name for name, value in environment.items() if value == "/the/users"] == []
    own = Path.home() / ".cache/rehearsal"
    caches = {environment[name] for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "NPM_CONFIG_CACHE")}
    assert caches == {str(own / name) for name in ("pip", "uv", "npm")}


def test_variable_precedence(builds: Builds) -> None:
    environment = builds.environment(
        plain("ONE", "action"),
        project=(plain("ONE", "project"), plain("TWO", "project")),
        env={"variables": {"ONE": "specification", "TWO": "specification", "THREE": "specification"}},
    )
    assert [environment[name] for name in ("ONE", "TWO", "THREE")] == ["action", "project", "specification"]


def test_parameters_and_secrets_are_looked_up(builds: Builds) -> None:
    environment = builds.environment(
        {"name": "LEVEL", "type": "PARAMETER_STORE", "value": "/app/level"},
        {"name": "WHOLE", "type": "SECRETS_MANAGER", "value": "app"},
        {"name": "TOKEN", "type": "SECRETS_MANAGER", "value": "app:token"},
        {"name": "NUMBER", "type": "SECRETS_MANAGER", "value": f"{SECRET}:number"},
        {"name": "BY_ARN", "type": "SECRETS_MANAGER", "value": SECRET},
        {"name": "STAGED", "type": "SECRETS_MANAGER", "value": "app:version:AWSPREVIOUS"},
        {"name": "UNTYPED", "value": "plain"},
        env={"parameter-store": {"SPECIFIED": "/app/level"}, "secrets-manager": {"SECRET": "app:token"}},
    )
    assert environment["LEVEL"] == environment["SPECIFIED"] == "high"
    assert environment["TOKEN"] == environment["SECRET"] == "t0ken"
    assert json.loads(environment["WHOLE"])["token"] == json.loads(environment["BY_ARN"])["token"] == "t0ken"
    assert (environment["NUMBER"], environment["UNTYPED"]) == ("5", "plain")
    assert environment["STAGED"] == "{'VersionStage': 'AWSPREVIOUS'}"


MISSING = [
    ("PARAMETER_STORE", "/none", "parameter /none does not exist"),
    ("PARAMETER_STORE", "/app/forbidden", "parameter /app/forbidden: User: build is not authorized"),
    ("SECRETS_MANAGER", "none:key", "secret none: no such secret"),
    ("SECRETS_MANAGER", "app:none", "secret app has no key none"),
    ("MAGIC", "x", "variable X: unknown type MAGIC"),
]


@pytest.mark.parametrize(("kind", "value", "reason"), MISSING, ids=[row[2] for row in MISSING])
def test_missing_parameters_are_reported(builds: Builds, kind: str, value: str, reason: str) -> None:
    with pytest.raises(ActionFailed, match=f"^{reason}$"):
        builds.environment({"name": "X", "type": kind, "value": value})


def test_codebuild_variables_are_set(builds: Builds, tmp_path: Path) -> None:
    environment = builds.environment(inputs=("Other", "Source"), primary="Source")
    assert environment["CODEBUILD_SRC_DIR"] == str(tmp_path / "build/src")
    assert environment["CODEBUILD_SRC_DIR_Other"] == str(tmp_path / "build/inputs/Other")
    assert environment["CODEBUILD_RESOLVED_SOURCE_VERSION"] == "c0ffee"
    assert environment["CODEBUILD_INITIATOR"] == "codepipeline/pipeline"
    assert environment["CODEBUILD_BUILD_ID"] == "project:1"
    assert environment["CODEBUILD_LOG_PATH"] == "1"
    assert environment["CODEBUILD_PROJECT_ARN"] == f"arn:aws:codebuild:us-east-1:{HOME.account}:project/project"
    assert environment["CODEBUILD_KMS_KEY_ID"] == f"arn:aws:kms:us-east-1:{HOME.account}:alias/aws/s3"
    assert environment["CODEBUILD_SOURCE_REPO_URL"] == ""
    assert int(environment["CODEBUILD_START_TIME"]) > 1_600_000_000_000
    assert "CODEBUILD_BATCH_BUILD_IDENTIFIER" not in environment
    build = f"arn:aws:codebuild:us-east-1:{HOME.account}:build/"
    assert environment["CODEBUILD_BUILD_ARN"] == build + environment["CODEBUILD_BUILD_ID"]
    assert (environment["CI"], environment["CODEBUILD_CI"]) == ("true", "true")


def test_search_path_excludes_project_tools(builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "node_modules/.bin"
    tools.mkdir(parents=True)
    (tools / "cdk").write_text("#!/bin/sh\n")
    (tools / "cdk").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    environment = builds.environment()
    found = {name: shutil.which(name, path=environment["PATH"]) for name in ("python3", "cdk")}
    assert found == {"python3": str(tmp_path / "build/python/bin/python3"), "cdk": None}
