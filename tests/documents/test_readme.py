"""README.md says what is so: every command in it runs, and its tables name what there is."""

import re
import subprocess
from pathlib import Path

import pytest

from settings import example_accounts, load
from tests.documents.conftest import WRITING, Written
from tests.documents.document import LANGUAGES, ROOT, Document
from tests.documents.stranger import Stranger, client, emulated_aws, stranger

README = Document("README.md")
REHEARSAL = "The rehearsal"
FOR_REAL = "Deliver for real"

RUN_HERE = {
    "make help": "make rehearse  ",
    "make format": "left unchanged",
    "make clean": "",
}
"""Commands run as they stand in a clone, each with what it must say."""

RUN_CHEAPLY = {
    "make bench": ("make bench ARGS=--help", "--runs"),
    "make releases": ("make releases ARGS=--help", "--on DAY"),
    "make releases ARGS='--environment prod --on 2026-11-03'": ("make releases ARGS=--help", "--environment"),
}
"""Commands whose work takes minutes and proves nothing more, with what is run instead and what that must say."""

RUN_ELSEWHERE = {
    "make rehearse": ("tests/rehearsal/test_main_job.py", '["make", "rehearse", '),
    "make synth": ("pipeline/steps/synth_step.py", 'commands=["make synth"]'),
    "make test": (".ci/run", "make test"),
    "make container-test": ("Makefile", "all-other-tests container-test"),
    "make container-packages": ("Makefile", "container-test: container-packages"),
    "make rehearse ARGS=--resume": ("tests/rehearsal/test_killed.py", "--resume"),
    "make compliance": ("tests/documents/test_compliance_document.py", "document("),
    "make permissions": ("tests/tools/test_permissions_report.py", "report.main("),
    "make doctor": ("tests/emulator/test_doctor.py", '"doctor", *arguments'),
}
"""Commands that other tests or CI run, with the place: the Build action of every rehearsal runs `make synth`."""

NOT_RUN = {
    "make check": "make test runs its four commands, on more tests",
    "make check ARGS='-k database'": "the same",
    "make lock": "it asks package registries and rewrites what is pinned",
    "make bootstrap": "it is run account by account",
    "make bootstrap ARGS='--least-privilege --dry-run'": "tests/unit/test_pipeline_installation.py calls its program",
    "make recover ENV=dev": "tests/emulator/test_recover.py calls its program",
    "make deploy": "it is run with a profile",
}
"""Commands of which only what they would run is looked at, with the reason."""


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    """Somebody without AWS, with the README's settings: the repository's own are its user's."""
    somebody = stranger(tmp_path_factory.mktemp("newcomer"))
    (somebody.clone / "delivery.toml").write_text(README.block(FOR_REAL, "toml"))
    return somebody


def test_code_blocks_are_commands_their_output_or_a_file() -> None:
    assert {block.language for block in README.blocks()} == LANGUAGES
    assert not re.search(r"^ {4,}(make|git|cdk|python) ", re.sub(r"```.*?```", "", README.text, flags=re.DOTALL))


def test_every_command_is_run_by_a_test() -> None:
    run_by_other_tests_below = {*README.commands(REHEARSAL), *README.commands(FOR_REAL)}
    known = {*RUN_HERE, *WRITING, *RUN_CHEAPLY, *RUN_ELSEWHERE, *NOT_RUN, *run_by_other_tests_below}
    said = {*README.commands(), *README.inline_commands()}
    assert said - known == set(), "give each a place above"
    assert known - said == {"make deploy", "make runbooks"}, "other documents say so"


@pytest.mark.parametrize("command", RUN_HERE)
def test_it_runs_in_a_fresh_clone(command: str, tmp_path: Path) -> None:
    done = stranger(tmp_path).run(command)
    assert done.returncode == 0, done.stdout
    assert RUN_HERE[command] in done.stdout


@pytest.mark.parametrize("command", WRITING)
def test_it_writes_in_a_fresh_clone(command: str, written: Written) -> None:
    assert WRITING[command] in written.said[command]


def test_what_is_written_is_what_is_committed(written: Written) -> None:
    assert written.out_of_date == [], "run `make configuration diagrams dashboards cost-page runbooks`, and commit"


@pytest.mark.parametrize("command", RUN_CHEAPLY)
def test_it_starts_in_a_fresh_clone(command: str, newcomer: Stranger) -> None:
    cheaper, says = RUN_CHEAPLY[command]
    done = newcomer.run(cheaper)
    assert done.returncode == 0, done.stdout
    assert says in done.stdout


@pytest.mark.parametrize("command", RUN_ELSEWHERE)
def test_it_is_run_elsewhere(command: str, newcomer: Stranger) -> None:
    file, evidence = RUN_ELSEWHERE[command]
    assert evidence in (ROOT / file).read_text()
    assert newcomer.run(f"{command} --dry-run").returncode == 0


@pytest.mark.parametrize("command", NOT_RUN)
def test_it_would_run(command: str, newcomer: Stranger) -> None:
    assert newcomer.run(f"{command} --dry-run").returncode == 0


def test_what_make_check_runs_is_part_of_make_test(newcomer: Stranger) -> None:
    *checks, tests = newcomer.run("make check --dry-run").stdout.splitlines()
    whole = newcomer.run("make test --dry-run").stdout
    assert len(checks) == 4
    assert all(check in whole for check in checks)
    assert tests.strip() == "python -m pytest tests/unit tests/tools"
    assert re.search(r"python -m pytest .*tests\b", whole)


@pytest.mark.parametrize("command", README.commands(REHEARSAL))
def test_the_rehearsal_takes_these_options(command: str, newcomer: Stranger, tmp_path: Path) -> None:
    *_, started = newcomer.run(f"{command} --dry-run").stdout.strip().splitlines()
    assert started.startswith("python -m rehearsal ")
    # The options are read before anything else; where there is no assembly nothing else comes.
    done = newcomer.run(f"PATH={ROOT}/.venv/bin:$PATH {started} --assembly {tmp_path}")
    assert done.returncode == 2
    assert "holds no cloud assembly" in done.stdout


def test_the_options_of_the_rehearsal_are_all_there(newcomer: Stranger) -> None:
    shown = set(re.findall(r"^  (--[a-z]+)", newcomer.run(".venv/bin/python -m rehearsal --help").stdout, re.MULTILINE))
    told = {cell.split()[0] for cell in README.first_column(REHEARSAL)}
    assert shown - told == {"--assembly"}, "what make rehearse decides itself"
    assert told <= shown


def test_example_accounts_are_refused_for_real(newcomer: Stranger) -> None:
    for command in ("make bootstrap", "make deploy"):
        done = newcomer.run(command)
        assert "111111111111 is an example account" in done.stdout
        assert "Error 2" in done.stdout


def test_delivering_for_real_works_as_it_is_told(tmp_path: Path) -> None:
    with emulated_aws(tmp_path) as endpoint:
        user = stranger(tmp_path, endpoint)
        (user.clone / "delivery.toml").write_text(README.block(FOR_REAL, "toml") + "\n")
        for command in README.commands(FOR_REAL):
            done = user.run(command)
            assert done.returncode == 0, f"{command}\n{done.stdout}"
            if command.endswith("--dry-run"):
                assert done.stdout.strip() == README.block(FOR_REAL, "text")
        for account in ("111111111111", "222222222222"):
            [bootstrap, *_] = client("cloudformation", account, endpoint).describe_stacks(StackName="CDKToolkit")[
                "Stacks"
            ]
            assert bootstrap["StackStatus"] == "CREATE_COMPLETE"
        pipeline = client("codepipeline", "111111111111", endpoint).get_pipeline(name="yawl-delivery")["pipeline"]
    source, *_, dev = pipeline["stages"]
    assert source["actions"][0]["configuration"]["FullRepositoryId"] == "your-organization/yawl-delivery"
    assert {f"Dev/{action['name']}" for action in dev["actions"]} >= actions_told_to_fail()
    pushed = subprocess.run(
        ["git", "show", "HEAD:delivery.toml"], cwd=tmp_path / "remote.git", capture_output=True, text=True, check=True
    )
    assert pushed.stdout.strip() == README.block(FOR_REAL, "toml")


def actions_told_to_fail() -> set[str]:
    """Return what the README's rehearsals name after `--fail`."""
    return set(re.findall(r"--fail ([^ ']+)", "\n".join(README.commands(REHEARSAL))))


def test_the_settings_shown_are_right_and_examples(tmp_path: Path) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text(README.block(FOR_REAL, "toml"))
    assert [path for path, _ in example_accounts(load(file))] == [
        "repository.connection_arn",
        "pipeline.account",
        "image.uri",
        "environments.dev.account",
    ]


def test_the_image_shown_is_one_that_every_environment_takes(tmp_path: Path) -> None:
    before, image, after = README.block(FOR_REAL, "toml").partition("[image]\n")
    file = tmp_path / "delivery.toml"
    file.write_text(f"{before}{README.block('The image', 'toml')}\n{after[after.index('[environments') :]}")
    settings = load(file)
    assert image
    assert settings.image.build
    assert settings.warnings() == []


def test_the_layout_names_every_folder() -> None:
    told = {cell.strip("`") for cell in README.first_column("Where things are")}
    assert [name for name in told if not (ROOT / name).exists()] == []
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    folders = {f"{file.split('/')[0]}/" for file in listed if "/" in file}
    assert folders - told == {".ci/", "requirements/"}


def test_its_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README.text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
