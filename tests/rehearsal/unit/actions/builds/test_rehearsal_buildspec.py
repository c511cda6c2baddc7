"""A build specification's script, run by real shells: what CodeBuild would run, in its order and with its state."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions.builds import buildspec
from rehearsal.actions.builds.build_script import Retry, separated
from rehearsal.actions.builds.buildspec import BuildspecError
from rehearsal.actions.builds.output_files import NoFilesError, Output


@dataclass
class Ran:
    """A script that has ended."""

    code: int
    lines: list[str]
    """What it printed, less the echoed commands."""
    exported: dict[str, str] | None

    @property
    def printed(self) -> list[str]:
        """What the commands printed."""
        return [line for line in self.lines if not line.startswith(("-- phase", "phase "))]

    @property
    def phases(self) -> list[str]:
        """The phases that were entered."""
        return [line.removeprefix("-- phase ") for line in self.lines if line.startswith("-- phase ")]


class Shell:
    """Runs build specifications in one kind of shell."""

    def __init__(self, name: str, directory: Path) -> None:
        self._name = name
        self._directory = directory

    @property
    def folder(self) -> str:
        return self._directory.name

    def run(self, phases: dict[str, Any], version: str = "0.2", **environment: Any) -> Ran:
        """Run a specification of these phases."""
        document = {"version": version, "env": {"shell": self._name, **environment}, "phases": phases}
        specification = buildspec.parse(json.dumps(document))
        script, exported = self._directory / "build.sh", self._directory / "exported"
        exported.unlink(missing_ok=True)
        script.write_text(specification.script(exported, self._directory / "gaps"))
        done = subprocess.run(
            [specification.shell, str(script)],
            cwd=self._directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=20,
        )
        lines = [part for line in done.stdout.splitlines() for part in separated(line) if not part.startswith("$ ")]
        if not exported.is_file():
            return Ran(done.returncode, lines, None)
        pairs = (pair.split("=", 1) for pair in exported.read_bytes().decode().split("\0") if pair)
        return Ran(done.returncode, lines, dict(pairs))


@pytest.fixture(params=["sh", "bash"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    return Shell(request.param, tmp_path)


def commands(*lines: str, **rest: Any) -> dict[str, Any]:
    """A phase of these commands; `on_failure` and `finally_` are spelled as Python can."""
    spelled = {"on_failure": "on-failure", "finally_": "finally"}
    return {"commands": list(lines), **{spelled[name]: value for name, value in rest.items()}}


def test_phases_run_in_codebuild_order(shell: Shell) -> None:
    ran = shell.run({name: commands(f"echo {name}") for name in ("post_build", "build", "install", "pre_build")})
    assert ran.code == 0
    assert ran.printed == ran.phases == ["install", "pre_build", "build", "post_build"]


def test_commands_of_all_phases_share_one_shell(shell: Shell) -> None:
    ran = shell.run(
        {
            "install": commands("greeting=hello", "greet() { echo $greeting $1; }", "mkdir -p down", "cd down"),
            "build": commands("greet world", "basename $PWD"),
        }
    )
    assert ran.printed == ["hello world", "down"]


def test_last_line_without_an_end_is_a_line_of_its_own(shell: Shell) -> None:
    ran = shell.run({"build": commands("printf 503", "printf 504; exit 22")})
    assert ran.printed == ["503", "504"]
    assert ran.lines[-1] == "phase build failed with exit status 22"


def test_commands_keep_quotes_and_line_breaks(shell: Shell) -> None:
    ran = shell.run({"build": commands("""printf '%s\\n' 'it'"'"'s' "\\$HOME"\nfor i in 1 2; do\n  echo $i\ndone""")})
    # The second line of the echoed command is no output of it.
    assert [line for line in ran.printed if line in ("it's", "$HOME", "1", "2")] == ["it's", "$HOME", "1", "2"]


def test_command_can_set_arguments_and_return(shell: Shell) -> None:
    ran = shell.run({"build": commands("set -- a b", "return 0", "echo on")})
    assert (ran.code, ran.printed) == (0, ["on"])


FAILURES = {
    "status": "false",
    "exit": "exit 1",
    "return": "return 1",
    "set -e": "set -e; false; echo never",
    "set -u": "set -u; echo $nothing_has_this_name; echo never",
    "syntax": "if",
    "no such command": "no-such-command-here",
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_failing_install_skips_the_rest(shell: Shell, failure: str) -> None:
    ran = shell.run(
        {
            "install": commands("echo first", failure, "echo never"),
            "build": commands("echo never"),
            "post_build": commands("echo never"),
        }
    )
    assert ran.code == 1
    assert ran.phases == ["install"]
    assert "first" in ran.printed
    assert "never" not in ran.printed


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_failing_build_still_runs_post_build(shell: Shell, failure: str) -> None:
    ran = shell.run(
        {
            "build": commands(failure, "echo never"),
            "post_build": commands("echo succeeding: $CODEBUILD_BUILD_SUCCEEDING"),
        },
    )
    assert ran.code == 1
    assert ran.printed[-1] == "succeeding: 0"
    assert "never" not in ran.printed


def test_failure_reports_the_exit_status(shell: Shell) -> None:
    assert "phase build failed with exit status 3" in shell.run({"build": commands("exit 3")}).lines


def test_exit_keeps_directory_environment_and_exported_variables(shell: Shell) -> None:
    ran = shell.run(
        {
            "pre_build": commands("mkdir -p down", "cd down", "export SEEN=yes", "KEPT=plain", "exit 0", "echo on"),
            "build": commands("basename $PWD", "echo $SEEN $KEPT", "sh -c 'echo $SEEN'"),
        },
        **{"exported-variables": ["KEPT"]},
    )
    assert ran.code == 0
    assert ran.printed == ["on", "down", "yes plain", "yes"]
    assert ran.exported == {"KEPT": "plain"}


def test_later_commands_programs_see_what_a_command_assigned(shell: Shell) -> None:
    """As the library's own builds need it; what the script itself assigns stays hidden."""
    ran = shell.run({"build": commands("ARN=mine", "sh -c 'echo $ARN'", "env | grep -c '^__' || true")})
    assert (ran.code, ran.printed) == (0, ["mine", "0"])


def test_second_exit_still_runs_the_rest(shell: Shell) -> None:
    ran = shell.run({"build": commands("exit 3"), "post_build": commands("exit 0", "echo on", "exit 4", "echo never")})
    assert (ran.code, ran.printed) == (1, ["on"])
    assert ran.exported == {}


def test_finally_runs_after_success_and_failure(shell: Shell) -> None:
    ran = shell.run(
        {
            "install": commands("echo install", finally_=["echo finally install"]),
            "build": commands("exit 1", finally_=["echo finally build"]),
        }
    )
    assert ran.printed == ["install", "finally install", "finally build"]


def test_failing_finally_fails_its_phase(shell: Shell) -> None:
    ran = shell.run({"install": commands("true", finally_=["false", "echo never"]), "build": commands("echo never")})
    assert (ran.code, ran.printed) == (1, [])


def test_abort_skips_even_post_build(shell: Shell) -> None:
    ran = shell.run({"build": commands("false", on_failure="ABORT"), "post_build": commands("echo never")})
    assert (ran.code, ran.phases) == (1, ["build"])


def test_on_failure_continue(shell: Shell) -> None:
    ran = shell.run(
        {
            "install": commands("false", "echo never", on_failure="CONTINUE"),
            "build": commands("echo succeeding: $CODEBUILD_BUILD_SUCCEEDING"),
        }
    )
    assert (ran.code, ran.printed) == (1, ["succeeding: 0"])


def test_retry_runs_the_phase_again_until_it_succeeds(shell: Shell) -> None:
    count = "echo x >> tries; echo try $(wc -l < tries); test $(wc -l < tries) -gt 2"
    phases = {"build": commands(count, "exit 0", "echo on", on_failure="RETRY")}
    ran = shell.run({"install": commands("cd $PWD"), **phases, "post_build": commands("echo after")})
    assert (ran.code, ran.phases) == (0, ["install", "build", "build", "build", "post_build"])
    assert [line.split()[-1] for line in ran.printed if line.startswith("try")] == ["1", "2", "3"]
    assert ran.printed[-2:] == ["on", "after"]


@pytest.mark.parametrize(
    ("on_failure", "runs"),
    [("RETRY", 4), ("RETRY-1", 2), ("RETRY-0", 1), ("RETRY-2-exit status 7", 3), ("RETRY-no such text", 1)],
)
def test_retries_are_counted_and_need_the_error_message(shell: Shell, on_failure: str, runs: int) -> None:
    ran = shell.run({"build": commands("exit 7", on_failure=on_failure), "post_build": commands("echo after")})
    assert ran.code == 1
    assert ran.phases == ["build"] * runs + ["post_build"]


def test_each_command_of_version_0_1_has_its_own_shell(shell: Shell) -> None:
    phases = {"build": commands("cd / && KEPT=1 && export KEPT", "echo $KEPT $(basename $PWD)", "exit 3", "echo never")}
    ran = shell.run(phases, version="0.1")
    assert ran.code == 1
    assert ran.printed == [shell.folder]


def test_command_that_lacks_a_program_does_not_fail_its_phase(shell: Shell) -> None:
    gap = "printf 'docker\\tno Docker\\n' >> gaps; exit 1"
    ran = shell.run({"build": commands(gap, "echo next", "exit 3"), "post_build": commands("echo after")})
    assert (ran.code, ran.printed) == (1, ["next", "after"])
    assert shell.run({"build": commands("echo tolerated >> gaps || true", "echo on")}).code == 0


def test_build_is_succeeding_until_it_fails(shell: Shell) -> None:
    ran = shell.run({"build": commands("sh -c 'echo $CODEBUILD_BUILD_SUCCEEDING'")})
    assert ran.printed == ["1"]


def test_exported_variables_keep_every_character(shell: Shell) -> None:
    value = "two\nlines, a tab\t, 'quotes\", $dollar and = \\"
    quoted = "'" + value.replace("'", "'\"'\"'") + "'"
    ran = shell.run(
        {"build": commands(f"TEXT={quoted}", "NEVER=1")}, **{"exported-variables": ["TEXT", "UNSET", "EMPTY"]}
    )
    assert ran.exported == {"TEXT": value, "UNSET": "", "EMPTY": ""}


def test_exec_loses_exported_variables(shell: Shell) -> None:
    assert shell.run({"build": commands("exec true", "echo never")}).exported is None


def test_yaml_and_json() -> None:
    text = """
version: 0.2
env:
  variables: {TEXT: words, NUMBER: 3, FLAG: true, NOTHING:}
  parameter-store: {LEVEL: /app/level}
  secrets-manager: {TOKEN: "app:token"}
  exported-variables: [TEXT]
phases:
  install: {runtime-versions: {python: "3.11"}}
  build:
    commands:
      - echo one
    on-failure: ABORT
artifacts:
  base-directory: out
  files: "**/*"
  secondary-artifacts:
    Reports: {files: [a.xml, b.xml], exclude-paths: b.xml, discard-paths: yes}
"""
    specification = buildspec.parse(text)
    assert specification.shell == "sh"
    assert specification.variables == {"TEXT": "words", "NUMBER": "3", "FLAG": "true", "NOTHING": ""}
    assert specification.parameters == {"LEVEL": "/app/level"}
    assert specification.secrets == {"TOKEN": "app:token"}
    assert specification.exported_variables == ("TEXT",)
    assert [(phase.name, phase.commands, phase.on_failure) for phase in specification.phases] == [
        ("install", (), ""),
        ("build", ("echo one",), "ABORT"),
    ]
    assert specification.primary_output == Output("out", ("**/*",))
    reports = Output(".", ("a.xml", "b.xml"), excluded=("b.xml",), discard_paths=True)
    assert specification.secondary_outputs == {"Reports": reports}


def test_scalars_are_what_is_written() -> None:
    text = """
version: 0.2
run-as: builder
env: {variables: {FLAG: yes, NUMBER: 1.10, EMPTY: "", NONE: null}, git-credential-helper: yes}
proxy: {logs: yes}
cache: {paths: [node_modules/**/*]}
phases:
  install: {runtime-versions: {python: 3.10, nodejs: 20, java: corretto17}}
  build: {run-as: other, commands: [true], on-failure: RETRY-4-.*timed out.*}
artifacts: {files: "*", enable-symlinks: yes}
"""
    specification = buildspec.parse(text)
    assert specification.variables == {"FLAG": "yes", "NUMBER": "1.10", "EMPTY": "", "NONE": ""}
    assert specification.runtimes == {"python": "3.10", "nodejs": "20", "java": "corretto17"}
    assert [phase.run_as for phase in specification.phases] == ["builder", "other"]
    assert specification.phases[1].retry == Retry(4, ".*timed out.*")
    assert specification.primary_output == Output(".", ("*",), keep_links=True)
    assert specification.notes == (
        "cache of the buildspec is ignored: the rehearsal keeps no cache between builds",
        "proxy of the buildspec is ignored: the rehearsal's own proxies are used",
        "git-credential-helper is ignored: a rehearsal has no credentials of repositories",
    )


MISTAKES = [
    ("{", "not valid YAML"),
    ("just words", "no phases"),
    ("version: 0.2", "no phases"),
    ("{version: 0.2, phases: [build]}", "no phases"),
    ("{version: 0.3, phases: {build: {}}}", "version 0.3; CodeBuild knows 0.1 and 0.2"),
    ("{phases: {build: {}}}", "version None; CodeBuild knows"),
    ("{version: 0.2, phases: {build: {commands: echo}}}", "phase build: its commands are not a list"),
    (
        "{version: 0.2, phases: {build: {commands: [{echo: hi}]}}}",
        "phase build: command 1 is not a string: .*; quote",
    ),
    (
        "{version: 0.2, phases: {build: {commands: [], on-failure: RETRY-101}}}",
        "phase build: on-failure RETRY-101 is not supported",
    ),
    ("{version: 0.2, env: {shell: fish}, phases: {build: {}}}", "shell fish is not supported"),
    ("{version: 0.2, env: {exported-variables: [a-b]}, phases: {build: {}}}", "a-b is not a valid variable name"),
    ("{version: 0.2, env: {variables: {'a b': x}}, phases: {build: {}}}", "a b is not a valid variable name"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_invalid_buildspec_is_reported(text: str, message: str) -> None:
    with pytest.raises(BuildspecError, match=message):
        buildspec.parse(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("out/a.txt", "out/.hidden", "out/deep/b.txt", "out/deep/.dir/c.txt", "elsewhere.txt"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path


OUTPUTS = [
    (Output("out", ("**/*",)), ["a.txt", ".hidden", "deep/b.txt", "deep/.dir/c.txt"]),
    (Output("out", ("*",)), ["a.txt", ".hidden"]),
    (Output(".", ("elsewhere.txt", "out/deep/*")), ["elsewhere.txt", "out/deep/b.txt"]),
    (Output("out", ("**/*",), excluded=("deep/**/*",)), ["a.txt", ".hidden"]),
    (Output("out", ("**/*.txt",), discard_paths=True), ["a.txt", "b.txt", "c.txt"]),
]


@pytest.mark.parametrize(("output", "expected"), OUTPUTS)
def test_artifact_patterns(tree: Path, output: Output, expected: list[str]) -> None:
    found = output.files(tree)
    assert sorted(found) == sorted(expected)
    assert all(file.is_file() for file in found.values())


@pytest.mark.parametrize("pattern", ["nothing/*", "/etc/passwd"])
def test_empty_artifact_is_an_error(tree: Path, pattern: str) -> None:
    with pytest.raises(NoFilesError, match=re.escape(pattern)):
        Output(".", (pattern,)).files(tree)


def test_patterns_and_directories_may_have_variables(tree: Path) -> None:
    output = Output("$CODEBUILD_SRC_DIR/${FOLDER}", ("$NAME", "$CODEBUILD_SRC_DIR/out/deep/*"))
    assert output.references == {"CODEBUILD_SRC_DIR", "FOLDER", "NAME"}
    found = output.files(tree, {"CODEBUILD_SRC_DIR": str(tree), "FOLDER": "out", "NAME": "a.txt"})
    assert sorted(found) == ["a.txt", "deep/b.txt"]


def test_base_directory_may_be_a_pattern(tree: Path) -> None:
    assert sorted(Output("o*", ("**/*.txt",)).files(tree)) == ["a.txt", "deep/.dir/c.txt", "deep/b.txt"]


def test_links_to_nothing_are_kept_only_on_request(tree: Path) -> None:
    (tree / "out/link").symlink_to("nowhere")
    assert "link" not in Output("out", ("*",)).files(tree)
    assert "link" in Output("out", ("*",), keep_links=True).files(tree)
