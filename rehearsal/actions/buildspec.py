"""Reads a buildspec and turns it into a shell script that runs it as CodeBuild does."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
SHELLS = ("sh", "/bin/sh", "bash", "/bin/bash")
ON_FAILURE = ("", "ABORT", "CONTINUE")
"""Supported values of on-failure; CodeBuild also has RETRY."""

JUNIT = "JUNITXML"
"""The default format of a report."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BuildspecError(Exception):
    """The buildspec is invalid, or names files that do not exist."""


@dataclass(frozen=True)
class Phase:
    """One phase: commands, and those that run even if they fail."""

    name: str
    commands: tuple[str, ...]
    finally_commands: tuple[str, ...]
    on_failure: str


@dataclass(frozen=True)
class Output:
    """The files of an artifact or report: glob patterns below a base directory."""

    base_directory: str
    patterns: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    discard_paths: bool = False

    def files(self, build_directory: Path) -> dict[str, Path]:
        """Return the files by their names in the artifact; raises BuildspecError when there are none."""
        base = build_directory / self.base_directory
        found = self._matching(base, self.patterns) - self._matching(base, self.excluded)
        if not found:
            raise BuildspecError(f"no files match {', '.join(self.patterns)} in {self.base_directory}")
        return {file.name if self.discard_paths else str(file.relative_to(base)): file for file in sorted(found)}

    def _matching(self, base: Path, patterns: tuple[str, ...]) -> set[Path]:
        try:
            return {file for pattern in patterns for file in base.glob(pattern) if file.is_file()}
        except (NotImplementedError, ValueError) as error:
            raise BuildspecError(f"artifact files {', '.join(patterns)}: {error}") from None


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

    def script(self, exported_to: Path) -> str:
        """Return one shell script that runs the phases as CodeBuild does.

        All commands share one shell. A failing command ends its phase and the build, except that `post_build` still
        runs after a failed `build`. The last command writes the exported variables to `exported_to` as
        NUL-terminated `name=value` pairs.
        """
        keep = f"export {' '.join(self.exported_variables)};" if self.exported_variables else ""
        pairs = " ".join(f'"{name}=${{{name}-}}"' for name in self.exported_variables)
        target = shlex.quote(str(exported_to))
        lines = [_PROLOGUE.replace("@SHELL@", shlex.quote(self.shell)).replace("@KEEP@", keep)]
        number = 0
        for phase in self.phases:
            lines.append(f"__enter {phase.name}")
            for kind, commands in (("command", phase.commands), ("finally", phase.finally_commands)):
                for command in commands:
                    number += 1
                    lines.append(f"__run {number} {kind} {shlex.quote(command)}")
            lines.append(f"__leave {phase.name} {phase.on_failure or 'STOP'}")
        lines.append(f"printf '%s\\0' {pairs} > {target}" if pairs else f": > {target}")
        lines += ["trap - EXIT", "exit $__result"]
        return "\n".join(lines) + "\n"


# A command may end the shell (`exit 3`, `set -e`, a syntax error), but the commands after it must still run. So the
# EXIT trap continues in a new shell in the same process, which keeps the directory and the exported variables. The
# new shell skips the finished commands, which `__done` counts.
_PROLOGUE = """\
__done=0 __result=0 __continue=yes __phase= __command=0 __finally=0 __left=
if [ $# -gt 0 ]; then
  __done=$1 __result=$2 __continue=$3 __phase=$4 __command=$5 __finally=$6 __left=$7
else
  CODEBUILD_BUILD_SUCCEEDING=1
fi
export CODEBUILD_BUILD_SUCCEEDING
trap '__status=$?; trap - EXIT; __over "$__status"; @KEEP@
  exec @SHELL@ "$0" "$__done" "$__result" "$__continue" "$__phase" "$__command" "$__finally" "$__left"' EXIT
trap 'trap - EXIT; exit 143' HUP INT TERM

__enter() {
  if [ "$__phase" = "$1" ]; then return 0; fi
  case " $__left " in *" $1 "*) return 0 ;; esac
  case $__continue in
    yes) ;;
    post_build) if [ "$1" != post_build ]; then return 0; fi ;;
    *) return 0 ;;
  esac
  __phase=$1 __command=0 __finally=0
  printf '%s\\n' "-- phase $1"
}

__run() {
  if [ "$1" -le "$__done" ]; then return 0; fi
  __number=$1 __kind=$2
  if [ -z "$__phase" ] || [ "$__finally" != 0 ]; then __done=$1; return 0; fi
  if [ "$__kind" = command ] && [ "$__command" != 0 ]; then __done=$1; return 0; fi
  printf '$ %s\\n' "$3"
  __evaluate "$3"
  __over $?
}

__evaluate() {
  eval "$1"
}

__over() {
  if [ "$__kind" = command ]; then __command=$1; else __finally=$1; fi
  __done=$__number
}

__leave() {
  if [ "$__phase" != "$1" ]; then return 0; fi
  __phase= __left="$__left $1"
  if [ "$__command" = 0 ]; then __command=$__finally; fi
  if [ "$__command" = 0 ]; then return 0; fi
  printf '%s\\n' "phase $1 failed with exit status $__command"
  __result=1 CODEBUILD_BUILD_SUCCEEDING=0
  case $2/$1 in
    CONTINUE/*) ;;
    STOP/build) __continue=post_build ;;
    *) __continue=no ;;
  esac
}
"""


def parse(text: str) -> Buildspec:
    """Read a buildspec in YAML or JSON; raises BuildspecError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"the buildspec is not valid YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("phases"), dict):
        raise BuildspecError("the buildspec has no phases")
    if str(document.get("version")) != "0.2":
        raise BuildspecError(f"the buildspec has version {document.get('version')}; only 0.2 is supported")
    environment = document.get("env") or {}
    artifacts = document.get("artifacts") or {}
    shell = environment.get("shell", "sh")
    if shell not in SHELLS:
        raise BuildspecError(f"shell {shell} is not supported; use one of {', '.join(SHELLS)}")
    return Buildspec(
        shell=shell,
        variables=_variables(environment, "variables"),
        parameters=_variables(environment, "parameter-store"),
        secrets=_variables(environment, "secrets-manager"),
        exported_variables=tuple(_variable_name(name) for name in environment.get("exported-variables") or ()),
        phases=tuple(_phase(name, document["phases"][name] or {}) for name in PHASES if name in document["phases"]),
        primary_output=_output(artifacts) if artifacts.get("files") else None,
        secondary_outputs={
            name: _output(output) for name, output in (artifacts.get("secondary-artifacts") or {}).items()
        },
        reports=tuple(
            Report(name, _output(report), report.get("file-format", JUNIT))
            for name, report in (document.get("reports") or {}).items()
        ),
    )


def _variables(environment: Mapping[str, Any], section: str) -> dict[str, str]:
    return {_variable_name(name): _plain(value) for name, value in (environment.get(section) or {}).items()}


def _variable_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BuildspecError(f"{name} is not a valid variable name")
    return name


def _plain(value: object) -> str:
    """Return a YAML scalar as a shell sees it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _phase(name: str, phase: dict[str, Any]) -> Phase:
    on_failure = phase.get("on-failure", "")
    if on_failure not in ON_FAILURE:
        raise BuildspecError(f"phase {name}: on-failure {on_failure} is not supported")
    return Phase(
        name=name,
        commands=tuple(_commands(name, phase.get("commands"))),
        finally_commands=tuple(_commands(name, phase.get("finally"))),
        on_failure=on_failure,
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
        base_directory=artifacts.get("base-directory", "."),
        patterns=_texts(artifacts.get("files")),
        excluded=_texts(artifacts.get("exclude-paths")),
        discard_paths=_plain(artifacts.get("discard-paths", False)) in ("yes", "true"),
    )


def _texts(value: str | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())
