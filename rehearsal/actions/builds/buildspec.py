"""Reads a buildspec: a build's variables, phases, artifacts, reports and batch."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rehearsal.actions.builds import build_script
from rehearsal.actions.builds.build_script import ANY_ERROR, RETRIES, Phase, Retry
from rehearsal.actions.builds.output_files import Output

VERSIONS = ("0.1", "0.2")
PHASES = ("install", "pre_build", "build", "post_build")
SHELLS = ("sh", "/bin/sh", "bash", "/bin/bash")
ON_FAILURE = ("", "ABORT", "CONTINUE")
_RETRY = re.compile(r"RETRY(?:-(\d+))?(?:-(.+))?", re.DOTALL)
MAX_RETRIES = 100

JUNIT = "JUNITXML"
"""The default format of a report."""
YES = ("yes", "true")
IGNORED = {
    "cache": "the rehearsal keeps no cache between builds",
    "proxy": "the rehearsal's own proxies are used",
}
"""Sections without an effect here, and why."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BuildspecError(Exception):
    """The buildspec is invalid."""


@dataclass(frozen=True)
class Report:
    """A report group: the test result files of a build."""

    name: str
    output: Output
    file_format: str


@dataclass(frozen=True)
class Buildspec:
    """A parsed buildspec."""

    shell: str
    variables: dict[str, str]
    parameters: dict[str, str]
    """Parameter Store names by variable."""
    secrets: dict[str, str]
    """Secret references (`secret-id:json-key:version-stage:version-id`) by variable."""
    exported_variables: tuple[str, ...]
    phases: tuple[Phase, ...]
    primary_output: Output | None
    secondary_outputs: dict[str, Output] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
    runtimes: dict[str, str] = field(default_factory=dict)
    """Versions of the install phase's `runtime-versions`, by runtime."""
    batch: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What the rehearsal ignores, and why."""
    separate_shells: bool = False
    """Whether each command has its own shell, as in version 0.1."""

    @property
    def references(self) -> frozenset[str]:
        """The names of the variables in the paths of artifacts and reports."""
        outputs = [self.primary_output, *self.secondary_outputs.values(), *(report.output for report in self.reports)]
        return frozenset(name for output in outputs if output for name in output.references)

    def script(self, exported_to: Path, gaps: Path | None = None) -> str:
        """Return the shell script of the phases (`build_script.script`)."""
        return build_script.script(
            self.phases,
            shell=self.shell,
            exported_to=exported_to,
            exported={*self.exported_variables, *self.references},
            gaps=gaps,
            separate=self.separate_shells,
        )


class _Loader(yaml.SafeLoader):
    """Leaves scalars as they are written: `python: 3.10` is not the number 3.1."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def document(text: str) -> dict[str, Any]:
    """Return the document of a buildspec in YAML or JSON, with every scalar as text; raises BuildspecError."""
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise BuildspecError(f"the buildspec is not valid YAML: {error}") from None
    if not isinstance(found, dict):
        raise BuildspecError("the buildspec has no phases")
    return found


def parse(text: str) -> Buildspec:
    """Read a buildspec in YAML or JSON; raises BuildspecError."""
    return read(document(text))


def read(found: Mapping[str, Any]) -> Buildspec:
    """Read the document of a buildspec; raises BuildspecError."""
    version = str(found.get("version"))
    if version not in VERSIONS:
        raise BuildspecError(f"the buildspec has version {version}; CodeBuild knows {' and '.join(VERSIONS)}")
    if not isinstance(found.get("phases"), dict):
        raise BuildspecError("the buildspec has no phases")
    environment, artifacts = _mapping(found, "env"), _mapping(found, "artifacts")
    shell = str(environment.get("shell", "sh"))
    if shell not in SHELLS:
        raise BuildspecError(f"shell {shell} is not supported; use one of {', '.join(SHELLS)}")
    phases = found["phases"]
    return Buildspec(
        shell=shell,
        variables=_variables(environment, "variables"),
        parameters=_variables(environment, "parameter-store"),
        secrets=_variables(environment, "secrets-manager"),
        exported_variables=tuple(_variable_name(name) for name in environment.get("exported-variables") or ()),
        phases=tuple(_phase(name, phases[name] or {}, found.get("run-as")) for name in PHASES if name in phases),
        primary_output=_output(artifacts) if artifacts.get("files") else None,
        secondary_outputs={
            name: _output(output) for name, output in _mapping(artifacts, "secondary-artifacts").items()
        },
        reports=tuple(
            Report(name, _output(report), report.get("file-format", JUNIT))
            for name, report in _mapping(found, "reports").items()
        ),
        runtimes=_runtimes(phases.get("install") or {}),
        batch=_mapping(found, "batch"),
        notes=tuple(_notes(found, environment)),
        separate_shells=version == "0.1",
    )


def _mapping(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name) or {}
    if not isinstance(found, dict):
        raise BuildspecError(f"{name} is not a mapping")
    return found


def _notes(found: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[str]:
    for section, reason in IGNORED.items():
        if found.get(section):
            yield f"{section} of the buildspec is ignored: {reason}"
    if _plain(environment.get("git-credential-helper")) in YES:
        yield "git-credential-helper is ignored: a rehearsal has no credentials of repositories"


def _variables(environment: Mapping[str, Any], section: str) -> dict[str, str]:
    return {_variable_name(name): _plain(value) for name, value in _mapping(environment, section).items()}


def _variable_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BuildspecError(f"{name} is not a valid variable name")
    return name


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _runtimes(install: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): _plain(version) for name, version in _mapping(install, "runtime-versions").items()}


def _phase(name: str, phase: dict[str, Any], run_as: object) -> Phase:
    on_failure, retry = _plain(phase.get("on-failure")), Retry()
    if found := _RETRY.fullmatch(on_failure):
        on_failure, retry = "", Retry(int(found[1] or RETRIES), found[2] or ANY_ERROR)
    if on_failure not in ON_FAILURE or retry.times > MAX_RETRIES:
        raise BuildspecError(f"phase {name}: on-failure {phase['on-failure']} is not supported")
    return Phase(
        name=name,
        commands=tuple(_commands(name, phase.get("commands"))),
        finally_commands=tuple(_commands(name, phase.get("finally"))),
        on_failure=on_failure,
        retry=retry,
        run_as=_plain(phase.get("run-as") or run_as),
    )


def _commands(phase: str, commands: object) -> Iterator[str]:
    if commands is not None and not isinstance(commands, list):
        raise BuildspecError(f"phase {phase}: its commands are not a list")
    for number, command in enumerate(commands or (), 1):
        if not isinstance(command, str):
            raise BuildspecError(f"phase {phase}: command {number} is not a string: {command}; quote it")
        yield command


def _output(artifacts: dict[str, Any]) -> Output:
    return Output(
        base_directory=_plain(artifacts.get("base-directory")) or ".",
        patterns=_texts(artifacts.get("files")),
        excluded=_texts(artifacts.get("exclude-paths")),
        discard_paths=_plain(artifacts.get("discard-paths")) in YES,
        keep_links=_plain(artifacts.get("enable-symlinks")) in YES,
    )


def _texts(value: str | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())
