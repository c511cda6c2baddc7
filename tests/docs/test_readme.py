"""Every command in the documents runs, links lead somewhere, and the README's tree is the repository's."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.conftest import GENERATORS, Regenerated
from tests.docs.document import LANGUAGES, Document
from tests.docs.fresh_clone import FreshClone, make_fresh_clone
from tests.paths import ROOT

README = Document("README.md")
REHEARSAL = Document("docs/REHEARSAL.md")
DOCUMENTS = [README, REHEARSAL, Document("CONTRIBUTING.md")]
"""Documents whose code blocks are run here; the guide and the runbooks have their own tests."""

HAND_WRITTEN = [
    *DOCUMENTS,
    Document("docs/DEPLOYMENT_GUIDE.md"),
    Document("docs/ARCHITECTURE.md"),
    Document("docs/LIMITS.md"),
    *(Document(f"docs/decisions/{file.name}") for file in sorted(ROOT.glob("docs/decisions/*.md"))),
]
"""Documents whose inline commands must be in one of the tables below."""

LINKED = [
    README,
    Document("CONTRIBUTING.md"),
    Document("CHANGELOG.md"),
    Document("container/README.md"),
    *(Document(str(file.relative_to(ROOT))) for file in sorted(ROOT.glob("docs/**/*.md"))),
]

RUN_HERE = {
    "make help": "make rehearse  ",
    "make format": "left unchanged",
    "make clean": "",
}
"""Commands run unchanged in a clone, each with a part of its output."""

RUN_CHEAPLY = {
    "make bench": ("make bench ARGS=--help", "--runs"),
    "make releases": ("make releases ARGS=--help", "--on DAY"),
}
"""Commands that take minutes, each with the faster command run instead and a part of its output."""

RUN_ELSEWHERE = {
    "make rehearse": ("tests/rehearsal/end_to_end/test_main_job.py", '["make", "rehearse", '),
    "make synth": ("pipeline/steps/source_and_synth.py", 'commands=["make synth", '),
    "make test": (".ci/run", "make test"),
    "make container-test": ("Makefile", "all-other-tests container-test"),
    "make container-packages": ("Makefile", "container-test: container-packages"),
    "make permissions": ("tests/tools/test_permissions_report.py", "report.main("),
    "make doctor": ("tests/rehearsal/emulator/programs/test_doctor.py", '"doctor", *arguments'),
    "make rollback": ("tests/rehearsal/end_to_end/test_rollback_and_hotfix.py", 'site.operate("rollback", "prod")'),
    "make database-access": (
        "tests/rehearsal/emulator/programs/test_database_access_in_an_account.py",
        'assert main(["test", "--yes"]) == 0',
    ),
    "make hotfix": ("tests/rehearsal/end_to_end/test_rollback_and_hotfix.py", 'site.operate("hotfix", '),
}
"""Commands that other tests or CI run, each with a file and a line of it."""

NOT_RUN = {
    "make setup": "CI's clone begins with it",
    "make lint": "make test runs it",
    "make lint types": "the same",
    "make check": "make test runs the same commands, on more tests",
    "make check ARGS='-k database'": "the same",
    "make lock": "it asks package registries and rewrites what is pinned",
    "make rehearse FROM=HEAD~1": "tests/rehearsal/end_to_end/test_scenarios.py delivers one commit over another",
    "make rehearse-failures": "make test runs a few of its rows",
    "make rehearse-topologies": "make test synthesizes its rows",
    "make faults": "make test runs the same tests",
    "make check ARGS='-k leadership_machine --hypothesis-profile=long'": "make test draws fewer examples",
    "make check ARGS='-k settings_edits --hypothesis-profile=long'": "the same",
    "make all-other-tests ARGS='-k \"accepted_values or largest_number\" --hypothesis-profile=long'": "the same",
    "make mutants": "tests/tools/test_mutants.py runs its program on small projects",
    "make mutants PART=lambdas SAMPLE=200": "the same",
    "make probes": "tests/rehearsal/emulator/aws/test_probes.py makes the same requests",
    "make container-table": "make container-test runs the same scenarios",
    "make bootstrap": "the guide's are run account by account",
    "make bootstrap ARGS='--least-privilege --dry-run'": "test_pipeline_installation.py calls its program",
    "make deploy": "the guide's is run with a profile",
    "make releases ARGS='--environment prod --on 2026-11-03'": "tests/unit/tools/test_releases.py calls its program",
    "make releases ARGS='--page releases.html'": "the same",
    "make releases ARGS='--page FILE'": "the same",
    "make review": "tests/rehearsal/emulator/programs/test_review_before_a_push.py calls its program",
    "make prices REGION=eu-west-1": "tests/unit/tools/test_prices.py calls its program",
    "make prices": "the same",
    "make aws-data": "tests/unit/settings/test_aws_data.py calls its program",
    "make destroy": "tests/rehearsal/emulator/programs/test_destroy.py calls its program",
    "make recover ENV=dev": "tests/rehearsal/emulator/programs/test_recover.py calls its program",
    "make recover": "the same",
    "make recover ENV=…": "the same",
    "make destroy ENV=qa-eu-west-1": "tests/rehearsal/emulator/programs/test_destroy.py calls its program",
    "make destroy ENV=dev": "tests/rehearsal/emulator/programs/test_destroy.py calls its program",
}
"""Commands that are only run with --dry-run, each with the reason."""


@pytest.fixture(scope="module")
def fresh_clone(tmp_path_factory: pytest.TempPathFactory) -> FreshClone:
    """A clone without access to AWS."""
    return make_fresh_clone(tmp_path_factory.mktemp("fresh_clone"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.path)
def test_code_blocks_are_commands_their_output_or_a_file(document: Document) -> None:
    assert {block.language for block in document.blocks()} <= LANGUAGES
    assert not re.search(r"^ {4,}(make|git|cdk|python) ", re.sub(r"```.*?```", "", document.text, flags=re.DOTALL))


def test_every_command_has_a_test() -> None:
    known = {*RUN_HERE, *GENERATORS, *RUN_CHEAPLY, *RUN_ELSEWHERE, *NOT_RUN, *REHEARSAL.commands("Usage")}
    mentioned = {command for document in DOCUMENTS for command in document.commands()}
    mentioned |= {command for document in HAND_WRITTEN for command in document.inline_commands()}
    assert mentioned - known == set(), "add each command to one of the tables above"
    assert known - mentioned == set(), "no document mentions it"


@pytest.mark.parametrize("command", RUN_HERE)
def test_command_runs_in_a_fresh_clone(command: str, tmp_path: Path) -> None:
    done = make_fresh_clone(tmp_path).run(command)
    assert done.returncode == 0, done.stdout
    assert RUN_HERE[command] in done.stdout


@pytest.mark.parametrize("command", GENERATORS)
def test_generator_runs_in_a_fresh_clone(command: str, regenerated: Regenerated) -> None:
    assert GENERATORS[command] in regenerated.output[command]


def test_generated_documents_are_up_to_date(regenerated: Regenerated) -> None:
    assert regenerated.out_of_date == [], "run `make docs` and commit the result"


@pytest.mark.parametrize("command", RUN_CHEAPLY)
def test_slow_command_starts_in_a_fresh_clone(command: str, fresh_clone: FreshClone) -> None:
    cheaper, says = RUN_CHEAPLY[command]
    done = fresh_clone.run(cheaper)
    assert done.returncode == 0, done.stdout
    assert says in done.stdout


@pytest.mark.parametrize("command", RUN_ELSEWHERE)
def test_command_is_run_by_another_test(command: str, fresh_clone: FreshClone) -> None:
    file, evidence = RUN_ELSEWHERE[command]
    assert evidence in (ROOT / file).read_text()
    assert fresh_clone.run(f"{command} --dry-run").returncode == 0


@pytest.mark.parametrize("command", NOT_RUN)
def test_command_has_a_dry_run(command: str, fresh_clone: FreshClone) -> None:
    assert fresh_clone.run(f"{command} --dry-run").returncode == 0


def test_make_test_includes_make_check(fresh_clone: FreshClone) -> None:
    *checks, tests = fresh_clone.run("make check --dry-run").stdout.splitlines()
    whole = fresh_clone.run("make test --dry-run").stdout
    assert len(checks) == 5
    assert all(check in whole for check in checks)
    assert tests.strip() == "python -m pytest tests/unit tests/tools tests/rehearsal/unit"
    assert re.search(r"python -m pytest .*tests\b", whole)


@pytest.mark.parametrize("command", [one for one in REHEARSAL.commands("Usage") if one.startswith("make ")])
def test_rehearsal_accepts_documented_options(command: str, fresh_clone: FreshClone, tmp_path: Path) -> None:
    *_, started = fresh_clone.run(f"{command} --dry-run").stdout.strip().splitlines()
    assert started.startswith(".ci/rehearse")
    # The options are parsed first; without an assembly or an earlier commit the rehearsal then stops.
    options = started.removeprefix(".ci/rehearse")
    done = fresh_clone.run(f"{ROOT}/.venv/bin/python -m rehearsal {options} --assembly {tmp_path}")
    assert done.returncode == 2
    assert "does not exist" in done.stdout or "no such commit here" in done.stdout


def test_script_has_the_rehearsals_own_exit_code(tmp_path: Path) -> None:
    """Make turns it into 2. `test_rehearsal_command_line.py` tests the codes themselves."""
    clone = make_fresh_clone(tmp_path)
    assert "cdk-rehearsal: --ref nowhere: no such commit here" in clone.run(".ci/rehearse --ref nowhere").stdout
    assert clone.run(".ci/rehearse --check").returncode == 0
    # Instead of Python, a program that is rejected.
    clone.run("rm .venv/bin && mkdir .venv/bin && mkdir -p cdk.out && touch cdk.out/manifest.json")
    program = clone.clone / ".venv/bin/python"
    program.write_text("#!/bin/sh\ncase $* in *--check*) ;; *) exit 3 ;; esac\n")
    program.chmod(0o755)
    assert clone.run(".ci/rehearse --approve no").returncode == 3
    assert clone.run("make rehearse ARGS='--approve no'").returncode == 2


def test_every_option_of_the_rehearsal_is_documented(fresh_clone: FreshClone) -> None:
    shown = set(
        re.findall(
            r"^  (?:-h, )?(--[a-z-]+)", fresh_clone.run(".venv/bin/python -m rehearsal --help").stdout, re.MULTILINE
        )
    )
    documented = {cell.split()[0] for cell in REHEARSAL.first_column("Usage") if re.match("--[a-z]", cell)}
    assert documented == shown - {"--help", "--version"}


def test_example_accounts_are_refused_outside_the_emulator(fresh_clone: FreshClone) -> None:
    for command in ("make bootstrap", "make deploy"):
        done = fresh_clone.run(command)
        assert "111111111111 is an example account" in done.stdout
        assert "Error 2" in done.stdout


def test_tree_matches_the_repository() -> None:
    """Every top-level folder is in the README, and every folder of Python in one whose folders it shows."""
    shown = tree()
    folders = {path for path in shown if path.endswith("/")}
    assert [path for path in shown if not (ROOT / path).exists()] == []
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    tops = {f"{file.split('/')[0]}/" for file in listed if "/" in file}
    assert tops - folders == set()
    opened = {path.split("/")[0] for path in folders if path.count("/") == 2}
    below = {
        "/".join(file.split("/")[:2]) + "/"
        for file in listed
        if file.endswith(".py") and file.count("/") > 1 and file.split("/")[0] in opened
    }
    assert below - folders == set()


def tree() -> list[str]:
    """Return the paths in the README's tree; an indented line is below the folder before it."""
    found: list[str] = []
    top = ""
    for line in README.block("Where things are", "text").splitlines():
        if not line:
            continue
        name, description = line.split(maxsplit=1)
        assert description, name
        if not line.startswith(" "):
            top = name
        found.append(f"{top}{name}" if line.startswith(" ") else name)
    return found


def test_readme_and_architecture_lengths() -> None:
    assert len(README.text.splitlines()) <= 180
    assert len(Document("docs/ARCHITECTURE.md").text.splitlines()) <= 250


@pytest.mark.parametrize("document", LINKED, ids=lambda document: document.path)
def test_links_are_valid(document: Document) -> None:
    folder = (ROOT / document.path).parent
    broken = []
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", document.text):
        file = folder / target if target else ROOT / document.path
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_architecture_links_every_decision() -> None:
    architecture = Document("docs/ARCHITECTURE.md").text
    decisions = sorted(ROOT.glob("docs/decisions/*.md"))
    assert [file.name for file in decisions if f"(decisions/{file.name})" not in architecture] == []
    table = "libraries-and-tools.md"
    assert [file.name for file in decisions if "**Decision.**" not in file.read_text() and file.name != table] == []
