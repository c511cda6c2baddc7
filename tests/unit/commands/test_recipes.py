"""Every recipe of the Makefile, and every script, fails when one of the programs it calls fails."""

import os
import re
import shutil
import subprocess
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.unit.failing_programs import FailingPrograms

PROGRAMS = (
    *("python3", "python", "uv", "node", "npm", "npx", "cdk", "cdk-assets", "ruff", "pyrefly", "hadolint"),
    *(
        "submake",
        "nice",
        "lint-imports",
        "git",
        "apt-get",
        "mkdir",
        "rm",
        "touch",
        "ln",
        "cat",
        "find",
        "grep",
        "sed",
        "column",
    ),
)
"""Every program that recipes call; a recipe that calls another one fails here, because there is no such fake."""
SCRIPTS = [str(file.relative_to(ROOT)) for file in sorted((ROOT / ".ci").iterdir())]
ENVIRONMENTS = (".venv", ".venv-integration-tests", ".venv-change-review", ".venv-mutants")
VARIABLES = {"MAKE": "submake", "ENV": "dev", "COMMIT": "HEAD", "FROM": "HEAD", "REGION": "eu-west-1"}
HIDDEN = {
    r"python -c ": "asks whether a virtual environment works; if not, the recipe makes one",
    r"python3 -c import ensurepip, venv": "asks what to install",
    r"python3 -c import os; .*sched_getaffinity.*": "the number of workers; pytest rejects an empty one",
    r"python -c from rehearsal\.process\.run_directory .*": "where temporary files go; by default to TMPDIR",
    r"(python3|node) --version|sed -n s/.*aws-cdk.* package\.json": "part of a message",
    r"(grep -hE|sed -E) .*": "the list of `make help`",
}
"""The failures that a recipe may hide, each with its reason."""


def recipes() -> Mapping[str, str]:
    """Every target with a recipe, and what GNU make knows about it."""
    # Without the options of a make that runs these tests.
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LC_ALL": "C"}
    command = ["make", "-pRrn", "help"]
    text = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    blocks = text.partition("\n# Files\n")[2].split("\n\n")
    return {block.partition(":")[0]: block for block in blocks if re.search(r"#  (recipe|commands) to execute", block)}


RECIPES = recipes()
WITHOUT_UV = [name for name, text in RECIPES.items() if "command -v uv" in text]


class Checkout(FailingPrograms):
    """A checkout in which everything is up to date, with fake programs only."""

    def __init__(self, folder: Path, *, without: Sequence[str] = (), unusable: str = "none") -> None:
        fakes = [name for name in PROGRAMS if name not in without]
        super().__init__(folder, fake=fakes, real=["make", "dirname"], unusable=unusable)
        shutil.copy(ROOT / "Makefile", folder)
        self.provide(*(folder / script for script in SCRIPTS))
        for name in _files():
            _make_up_to_date(folder / name)
        self.provide(*(folder / environment / "bin" / "python" for environment in ENVIRONMENTS))
        self.while_reading = self.run(["make", "-n", "help"]).calls
        """What reading the Makefile calls: the lists of sources."""

    def make(self, target: str, **variables: str) -> list[str]:
        """Return the command that makes a target, which must be out of date."""
        return ["make", target, *(f"{name}={value}" for name, value in {**VARIABLES, **variables}.items())]

    def hidden(self, target: str, **variables: str) -> list[str]:
        """Return the failures that a target hides, apart from those it may hide."""
        with self.without(*([target] if "/" in target else [])):
            found = self.hidden_failures(self.make(target, **variables), apart_from=self.while_reading)
        return [call for call in found if not may_be_hidden(call)]

    @contextmanager
    def without(self, *names: str) -> Generator[None, None, None]:
        """Take files out of the checkout for a while."""
        for name in names:
            (self.folder / name).unlink()
        yield
        for name in names:
            _make_up_to_date(self.folder / name)


def _files() -> Iterator[str]:
    """The files that targets are or need: all of a recipe's prerequisites that are no phony targets."""
    phony = {name for name, text in RECIPES.items() if "Phony target" in text}
    for name, text in RECIPES.items():
        needed = text.partition("\n")[0].partition(":")[2].replace("|", " ").split()
        yield from (one for one in [name, *needed] if one not in phony and ("/" in one or "." in one))


def _make_up_to_date(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    # As old as all others.
    os.utime(file, (1, 1))


def may_be_hidden(call: str) -> bool:
    return any(re.fullmatch(pattern, call, flags=re.DOTALL) for pattern in HIDDEN)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


@pytest.mark.parametrize("target", RECIPES)
def test_recipe_passes_on_each_failure(target: str, checkout: Checkout) -> None:
    assert checkout.hidden(target) == []


@pytest.mark.parametrize("target", [name for name, text in RECIPES.items() if "$(selection)" in text])
def test_recipe_that_may_select_no_test_passes_on_failing_tests(target: str, checkout: Checkout) -> None:
    """With ARGS, exit code 5 of pytest is fine."""
    assert checkout.hidden(target, ARGS="-k nothing") == []


@pytest.fixture(scope="module", params=[[], ["uv"]], ids=["with uv", "without uv"])
def empty_checkout(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout without environments."""
    return Checkout(tmp_path_factory.mktemp("checkout"), without=request.param, unusable="python -c ")


@pytest.mark.parametrize("target", [name for name, text in RECIPES.items() if "command -v uv" in text])
def test_recipe_that_makes_an_environment_passes_on_each_failure(target: str, empty_checkout: Checkout) -> None:
    assert empty_checkout.hidden(target) == []


ASKING = [(name, asked) for name, text in RECIPES.items() for asked in re.findall(r'test -n "\$\((\w+)\)"', text)]


@pytest.mark.parametrize(("target", "variable"), ASKING, ids=[name for name, _ in ASKING])
def test_recipe_does_nothing_without_its_variable(target: str, variable: str, checkout: Checkout) -> None:
    done = checkout.run(checkout.make(target, **{variable: ""}))
    assert done.code != 0
    assert done.calls <= checkout.while_reading
    assert f"{target} {variable}=" in done.output


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_passes_on_each_failure(script: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    programs = FailingPrograms(tmp_path, fake=[*PROGRAMS, "make"], real=["dirname"])
    assert [call for call in programs.hidden_failures(["bash", script]) if not may_be_hidden(call)] == []
