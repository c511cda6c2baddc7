"""Build specifications: what CodeBuild runs, in which order, and what it keeps."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")


class BuildspecError(Exception):
    """The build specification cannot be read or names something that is not there."""


@dataclass(frozen=True)
class Phase:
    """One phase: commands, and what follows in any case."""

    name: str
    commands: tuple[str, ...]
    finally_commands: tuple[str, ...]
    on_failure: str


@dataclass(frozen=True)
class Output:
    """The files one artifact is made of: patterns below a base directory."""

    base_directory: str
    patterns: tuple[str, ...]

    def files(self, build_directory: Path) -> tuple[Path, list[Path]]:
        """Return the base directory and the files; raises BuildspecError when there are none."""
        base = build_directory / self.base_directory
        found = sorted({file for pattern in self.patterns for file in base.glob(pattern) if file.is_file()})
        if not found:
            raise BuildspecError(f"no matching artifact files: {', '.join(self.patterns)} in {self.base_directory}")
        return base, found


@dataclass(frozen=True)
class Buildspec:
    """A parsed build specification."""

    shell: str
    variables: dict[str, str]
    exported_variables: tuple[str, ...]
    phases: tuple[Phase, ...]
    primary_output: Output | None
    secondary_outputs: dict[str, Output] = field(default_factory=dict)

    def script(self, exported_to: Path) -> str:
        """Return one shell script that runs the phases as CodeBuild does.

        All commands share one shell. A failing command ends its phase; a failed `build` still runs `post_build`; the
        exported variables are written to `exported_to` at the end, one NUL-terminated `name=value` each.
        """
        lines = ['__run() { printf \'$ %s\\n\' "$1"; eval "$1"; }', "__result=0", "CODEBUILD_BUILD_SUCCEEDING=1"]
        lines.append("export CODEBUILD_BUILD_SUCCEEDING")
        for phase in self.phases:
            lines += _phase_lines(phase)
        export = " ".join(f'"{name}=${{{name}-}}"' for name in self.exported_variables)
        if export:
            lines.append(f"printf '%s\\0' {export} > {shlex.quote(str(exported_to))}")
        lines.append("exit $__result")
        return "\n".join(lines) + "\n"


def _phase_lines(phase: Phase) -> Iterator[str]:
    # After a failure only post_build goes on, and only if it was the build that failed.
    allowed = (
        '[ "$__result" = 0 ] || [ "${__failed-}" = build ]' if phase.name == "post_build" else '[ "$__result" = 0 ]'
    )
    yield f"if {allowed}; then"
    yield f"  printf '%s\\n' '-- phase {phase.name}'"
    chain = " && ".join(f"__run {shlex.quote(command)}" for command in phase.commands) or "true"
    yield f"  {chain}"
    yield "  __status=$?"
    for command in phase.finally_commands:
        yield f"  __run {shlex.quote(command)}"
    if phase.on_failure != "CONTINUE":
        aborted = "aborted" if phase.on_failure == "ABORT" else phase.name
        yield (
            f'  if [ "$__status" != 0 ]; then printf "%s\\n" "phase {phase.name} failed with exit status $__status"; '
            f"__result=1; __failed={aborted}; CODEBUILD_BUILD_SUCCEEDING=0; fi"
        )
    yield "fi"


def parse(text: str) -> Buildspec:
    """Read a build specification, YAML or JSON; raises BuildspecError naming what is wrong."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"the build specification is no YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("phases"), dict):
        raise BuildspecError("the build specification has no phases")
    if str(document.get("version")) != "0.2":
        raise BuildspecError(f"build specification version {document.get('version')} is not 0.2")
    environment = document.get("env") or {}
    artifacts = document.get("artifacts") or {}
    return Buildspec(
        shell=environment.get("shell", "sh"),
        variables={name: str(value) for name, value in (environment.get("variables") or {}).items()},
        exported_variables=tuple(environment.get("exported-variables") or ()),
        phases=tuple(_phase(name, document["phases"][name] or {}) for name in PHASES if name in document["phases"]),
        primary_output=_output(artifacts) if artifacts.get("files") else None,
        secondary_outputs={
            name: _output(output) for name, output in (artifacts.get("secondary-artifacts") or {}).items()
        },
    )


def _phase(name: str, phase: dict[str, Any]) -> Phase:
    return Phase(
        name=name,
        commands=tuple(phase.get("commands") or ()),
        finally_commands=tuple(phase.get("finally") or ()),
        on_failure=phase.get("on-failure", ""),
    )


def _output(artifacts: dict[str, Any]) -> Output:
    files = artifacts["files"]
    return Output(
        base_directory=artifacts.get("base-directory", "."),
        patterns=(files,) if isinstance(files, str) else tuple(files),
    )
