"""docs/runbooks/: commands for prod's alarms run against an emulated prod, those for the pipeline's are parsed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cloud_assembly import read
from rehearsal.engine.cloud import Cloud
from tests.rehearsal.emulator.cli_shell import run_script
from tests.rehearsal.emulator.emulated_prod import ACCOUNT, emulated_prod
from tools.runbooks.page import pages

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

NOT_EMULATED = ("aws pi ", "aws backup list-copy-jobs", "aws cloudtrail ")
"""Calls that the emulator lacks: the CLI parses them, and nobody answers."""


@pytest.fixture(scope="module")
def prod(assembly: "CloudAssembly", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulated prod."""
    with emulated_prod(assembly, tmp_path_factory.mktemp("prod")) as cloud:
        yield cloud


def commands(assembly: "CloudAssembly", page: str) -> list[str]:
    """Return the different lines of all entries of a page."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", pages(read(Path(assembly.directory)))[page], re.DOTALL | re.MULTILINE)
    return list(dict.fromkeys(line for block in blocks for line in block.splitlines()))


def test_commands_for_prod_run_there(assembly: "CloudAssembly", prod: Cloud) -> None:
    lines = [line for line in commands(assembly, "prod") if not any(call in line for call in NOT_EMULATED)]
    done = run_script(prod, ACCOUNT, "\n".join(sorted(lines, key=lambda line: not re.match(r"[A-Z]+=", line))))
    assert len(lines) > 30
    assert len(done.calls) > len(lines)
    # What the names of others are looked up from is there.
    assert "None" not in {call[call.index(option) + 1] for call in done.calls for option in OPTIONS if option in call}


OPTIONS = ("--services", "--target-group-arn", "--log-group-name", "--replication-group-id", "--source-identifier")
"""Options whose values are looked up."""


@pytest.mark.parametrize("page", ["prod", "delivery"])
def test_cli_parses_what_nobody_answers_here(assembly: "CloudAssembly", page: str) -> None:
    lines = commands(assembly, page)
    chosen = lines if page == "delivery" else [line for line in lines if any(call in line for call in NOT_EMULATED)]
    for line in chosen:
        run_script(Cloud("http://127.0.0.1:9"), ACCOUNT, f"{without_look_ups(line)} --generate-cli-skeleton")


def without_look_ups(line: str) -> str:
    """Return a command with a name instead of what it looks up, and a moment instead of those it computes."""
    line = re.sub(r"\$\(\(\$\(date \+%s\) - \d+\)\)(000)?|\$\(date \+%s\)", "1700000000", line)
    return re.sub(r"\$\((?!\()[^()]*(\([^()]*\)[^()]*)*\)", "name", line)
