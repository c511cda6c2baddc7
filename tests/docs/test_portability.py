"""`make rehearse` and `make check` need nothing that macOS lacks: GNU make 3.81, bash 3.2, BSD's tools, no /proc.

There is no Mac among the machines that run the tests, so they look for what it lacks, and pretend to be one.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

NEWER_MAKE = {
    r"(?<!filter )(?<!,--)\boutput-sync|(?<=\s)-O\w*\s": "--output-sync is of GNU make 4.0; use $(output_sync)",
    r"\.ONESHELL|\.SHELLFLAGS|^\s*undefine\b|^\s*private\b|:\s*private\b": "of GNU make 3.82",
    r"^\s*define\s+\S+\s*[:?+]?=": "`define` with an assignment is of GNU make 3.82",
    r"^\s*[\w.-]+\s*!=|::=|\$\(file\b|\$\(guile\b|\.SHELLSTATUS|--trace\b": "of GNU make 4",
    r"&:|:::=|\.EXTRA_PREREQS|\.NOTINTERMEDIATE|\.WAIT\b|\$\((let|intcmp)\b|--shuffle": "of GNU make 4.3 or newer",
}
"""Constructs of the Makefile, each with the version of GNU make that brought it (its NEWS file)."""

NEWER_BASH = {
    r"\b(declare|local|typeset)\s+-\w*[AgnN]": "associative arrays, -g and -n are of bash 4",
    r"\b(mapfile|readarray|coproc)\b": "of bash 4",
    r"\$\{\w+(\[[^]]*\])?(,,?|\^\^?)": "changing the case of letters is of bash 4",
    r"&>>|\|&|;;&|;&|\bwait\s+-n\b|\bglobstar\b|\$EPOCH|\$\{\w+@\w\}|\binherit_errexit\b": "of bash 4 or newer",
}
"""Constructs of shell scripts and recipes."""

GNU_TOOLS = {
    r"\bsed\s+(-\w+\s+)*(-i|--)": "sed -i takes an argument on BSD, and there are no long options",
    r"\breadlink\s+-[fem]|\brealpath\b": "missing on older versions of macOS",
    r"\bdate\s+(-d|--|-I)": "GNU's",
    r"\bgrep\s+(-\w*P|--(?!help))": "GNU's",
    r"\bfind\b[^|;]*\s-(printf|quit|regextype)\b": "GNU's",
    r"\bstat\s+(-c|--|--format)": "stat takes -f on BSD",
    r"\bxargs\s+(-\w*[rd]\b|--)": "GNU's",
    r"\bmktemp\b(?!.*XXXX)": "needs a template on BSD",
    r"\b(cp|mv|rm|mkdir|ls|tar|sort|head|tail|cut|touch|ln|du)\s+(-\w+\s+)*--\w": "long options are GNU's",
    r"\bhead\s+-n\s*-": "GNU's",
    r"\bsort\s+-\w*V": "GNU's",
    r"\bbase64\s+(-w|--)": "GNU's",
    r"\b(nproc|sha256sum|sha1sum|md5sum|tac|shuf|numfmt|setsid|flock|free|truncate|unshare|ip|ss|apt-get)\b": "missing",
    r"(?<![\w.-])timeout\s+\d": "missing",
    r"/proc\b|/dev/shm\b": "missing",
}
"""Uses of tools, each with the reason why BSD's cannot do it."""


def linux_only(line: str) -> bool:
    """Whether a line only runs on Debian: it installs packages there, or the image is built there."""
    return "apt-get" in line


def makefile() -> Iterator[tuple[str, str]]:
    for number, line in enumerate((ROOT / "Makefile").read_text().splitlines(), 1):
        if not line.lstrip("\t@ ").startswith("#"):
            yield f"Makefile:{number}", line.replace("$$", "$")


def scripts() -> Iterator[tuple[str, str]]:
    """The lines of every shell script that is committed, but for CI's, which installs Debian packages."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        file = ROOT / name
        if name == ".ci/run" or not file.is_file() or file.is_symlink():
            continue
        if name.endswith(".sh") or file.read_bytes()[:40].startswith(
            (b"#!/bin/sh", b"#!/usr/bin/env bash", b"#!/bin/bash")
        ):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                if not line.lstrip().startswith("#"):
                    yield f"{name}:{number}", line


def commands_of_builds(template: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The commands of the pipeline's builds, which a rehearsal runs with this machine's tools."""
    found = re.findall(r'\\"commands\\": \[(.*?)\]', json.dumps(template), flags=re.DOTALL)
    assert found
    for commands in found:
        yield "a build", commands.replace("\\", "")


def findings(lines: Iterator[tuple[str, str]], *rules: dict[str, str]) -> list[str]:
    return [
        f"{where}: {why}: {line.strip()}"
        for where, line in lines
        for rule in rules
        for pattern, why in rule.items()
        if re.search(pattern, line) and not linux_only(line)
    ]


def test_makefile_is_for_gnu_make_3_81_and_bsd() -> None:
    assert findings(makefile(), NEWER_MAKE, NEWER_BASH, GNU_TOOLS) == []


def test_scripts_are_for_bash_3_2_and_bsd() -> None:
    lines = list(scripts())
    assert any(where.startswith(".ci/rehearse") for where, _ in lines)
    assert findings(iter(lines), NEWER_BASH, GNU_TOOLS) == []


def test_commands_of_builds_are_for_bsd(assembly: object) -> None:
    directory = Path(str(getattr(assembly, "directory")))  # noqa: B009
    template = json.loads((directory / "yawl-delivery.template.json").read_text())
    assert findings(commands_of_builds(template), NEWER_BASH, GNU_TOOLS) == []


LACKING = [
    ("\t@$(MAKE) -j4 --output-sync=target lint", NEWER_MAKE),
    (".ONESHELL:", NEWER_MAKE),
    ("NAME != hostname", NEWER_MAKE),
    ("one two &: three", NEWER_MAKE),
    ("declare -A table", NEWER_BASH),
    ("echo ${name^^}", NEWER_BASH),
    ("sed -i s/a/b/ file", GNU_TOOLS),
    ("readlink -f $0", GNU_TOOLS),
    ("date -d yesterday", GNU_TOOLS),
    ("grep -oP 'x' file", GNU_TOOLS),
    ("find . -name x -printf %p", GNU_TOOLS),
    ("stat -c %s file", GNU_TOOLS),
    ("ls | xargs -r rm", GNU_TOOLS),
    ("folder=$(mktemp -d)", GNU_TOOLS),
    ("cp --reflink=auto a b", GNU_TOOLS),
    ("make -j$(nproc)", GNU_TOOLS),
    ("timeout 5 sleep 9", GNU_TOOLS),
    ("sha256sum < file", GNU_TOOLS),
]


@pytest.mark.parametrize(("line", "rules"), LACKING, ids=[line for line, _ in LACKING])
def test_what_macos_lacks_is_found(line: str, rules: dict[str, str]) -> None:
    assert findings(iter([("here", line)]), rules)


FEATURES_OF_3_81 = "target-specific order-only second-expansion else-if archives jobserver check-symlink"


@pytest.mark.parametrize("target", ["synth", "test", "check", "rehearse"])
def test_make_without_output_sync_is_not_asked_for_it(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target, f".FEATURES={FEATURES_OF_3_81}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "output-sync" not in done.stdout


def test_synth_action_checks_what_can_break_a_delivery_and_no_style() -> None:
    done = subprocess.run(["make", "--dry-run", "synth"], cwd=ROOT, capture_output=True, text=True, check=True)
    for needed in ("pyrefly check", "cdk synth", "tests/unit"):
        assert needed in done.stdout
    for style in ("ruff", "hadolint", "lint-imports"):
        assert style not in done.stdout
    check = subprocess.run(["make", "--dry-run", "check"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "ruff format --check" in check.stdout


def test_npm_says_why_it_failed(tmp_path: Path) -> None:
    """A lock file that is missing, which npm notices without a network."""
    (tmp_path / "package.json").write_text('{"name": "x", "version": "1.0.0"}')
    [command] = re.findall(r"^npm_ci := (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "can only install with an existing package-lock.json" in done.stderr
