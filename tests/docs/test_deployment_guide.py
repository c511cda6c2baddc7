"""docs/DEPLOYMENT_GUIDE.md says what is so: its commands run, against an emulator where one can answer."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from settings import example_accounts, load
from tests.docs.document import Block, Document
from tests.docs.fresh_clone import FreshClone, client, emulated_aws, make_fresh_clone
from tests.paths import ROOT
from tests.rehearsal.emulator.deployed import PLACE, Deployed, deployed

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

GUIDE = Document("docs/DEPLOYMENT_GUIDE.md")
TROUBLESHOOTING = "Troubleshooting"
SETTINGS, IMAGE, BOOTSTRAP = "3. Settings", "4. Image", "5. Bootstrap, with trust"
WHOLE_FILES = {SETTINGS, IMAGE}
"""Sections whose settings are more than an addition to a file."""
IMAGE_REPOSITORY = "yawl"

NOT_RUN = {
    "make synth": "the Build action of every rehearsal runs it",
    "make rehearse ARGS='--approve yes'": "tests/rehearsal/end_to_end/test_main_job.py runs it",
    "PATH=$PWD/.venv/bin:$PATH python -m pytest tests/synthesis/test_determinism.py": "make test runs it",
    "AWS_PROFILE=delivery aws codeconnections list-connections": "the emulator does not answer it",
    "AWS_PROFILE=dev aws rds describe-db-instances --db-instance-identifier yawl-dev": (
        "of this service alone awscli asks AWS itself, whatever AWS_ENDPOINT_URL says"
    ),
    "make destroy ENV=qa": "there is no qa; tests/emulator runs it for dev",
}
"""Commands that are not run here, with the reason."""


def commands(*, troubleshooting: bool) -> list[str]:
    """The guide's commands that are run here, in order."""
    found = [
        command
        for section in dict.fromkeys(block.section for block in GUIDE.blocks())
        if (section == TROUBLESHOOTING) is troubleshooting
        for command in GUIDE.commands(section)
    ]
    return [command for command in dict.fromkeys(found) if command not in NOT_RUN]


def test_commands_not_run_are_in_the_guide() -> None:
    assert set(NOT_RUN) <= set(GUIDE.commands())


def test_first_release_commands_run_as_written(tmp_path: Path) -> None:
    with emulated_aws(tmp_path) as endpoint:
        user = make_fresh_clone(tmp_path, endpoint)
        (user.clone / "delivery.toml").write_text(GUIDE.block(SETTINGS, "toml") + "\n")
        client("ecr", "111111111111", endpoint).create_repository(repositoryName=IMAGE_REPOSITORY)
        settings = user.clone / "delivery.toml"
        for environment, account in (("staging", "333333333333"), ("prod", "444444444444")):
            table = f'\n[environments.{environment}]\naccount = "{account}"\nregion = "us-east-1"\n'
            settings.write_text(settings.read_text() + table)
        for command in commands(troubleshooting=False):
            done = user.run(command)
            if "make doctor" in command:  # an account with nothing in it yet has something to mend
                assert re.search(r"\d+ to fix, 0 not checked, \d+ good", done.stdout), done.stdout
            else:
                assert done.returncode == 0, f"{command}\n{done.stdout}"
            if command.endswith("--dry-run"):
                assert set(GUIDE.block(BOOTSTRAP, "text").splitlines()) <= set(done.stdout.splitlines())
        for account in ("111111111111", "222222222222"):
            stacks = client("cloudformation", account, endpoint).describe_stacks(StackName="CDKToolkit")["Stacks"]
            assert stacks[0]["StackStatus"] == "CREATE_COMPLETE"
        pipeline = client("codepipeline", "111111111111", endpoint).get_pipeline(name="yawl-delivery")["pipeline"]
    source, *_, prod = pipeline["stages"]
    assert prod["name"] == "Prod"
    assert source["actions"][0]["configuration"]["FullRepositoryId"] == "your-organization/yawl-delivery"
    dev = next(stage for stage in pipeline["stages"] if stage["name"] == "Dev")
    assert {f"Dev/{action['name']}" for action in dev["actions"]} >= actions_that_are_made_to_fail()
    pushed = subprocess.run(
        ["git", "show", "HEAD:delivery.toml"], cwd=tmp_path / "remote.git", capture_output=True, text=True, check=True
    )
    assert pushed.stdout.startswith(GUIDE.block(SETTINGS, "toml"))


def actions_that_are_made_to_fail() -> set[str]:
    """Return what the rehearsal's document names after `--fail`."""
    return set(re.findall(r"--fail ([^ ']+)", "\n".join(Document("docs/REHEARSAL.md").commands("Usage"))))


def test_settings_to_edit_are_valid_examples(tmp_path: Path) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text(GUIDE.block(SETTINGS, "toml"))
    assert [path for path, _ in example_accounts(load(file))] == [
        "repository.connection_arn",
        "pipeline.account",
        "image.uri",
        "environments.dev.account",
    ]


def test_example_image_is_valid_for_every_environment(tmp_path: Path) -> None:
    before, image, after = GUIDE.block(SETTINGS, "toml").partition("[image]\n")
    file = tmp_path / "delivery.toml"
    file.write_text(f"{before}{GUIDE.block(IMAGE, 'toml')}\n{after[after.index('[environments') :]}")
    settings = load(file)
    assert image
    assert settings.image.build
    assert settings.warnings() == []


@pytest.fixture(scope="module")
def dev(assembly: "CloudAssembly", tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployed, FreshClone]]:
    """Dev as it is deployed, and a clone."""
    directory = tmp_path_factory.mktemp("dev")
    with deployed(assembly, directory) as environment:
        yield environment, make_fresh_clone(directory, environment.cloud.endpoint)


@pytest.mark.parametrize(
    "command", [one for one in commands(troubleshooting=True) if one not in commands(troubleshooting=False)]
)
def test_troubleshooting_commands_run(command: str, dev: tuple[Deployed, FreshClone]) -> None:
    environment, clone = dev
    [service] = environment.client("ecs").list_services(cluster="yawl-dev")["serviceArns"]
    groups = environment.client("logs").describe_log_groups(logGroupNamePattern="yawl-dev-application")["logGroups"]
    done = clone.run(command.replace("SERVICE", service).replace("LOG_GROUP", groups[0]["logGroupName"]))
    assert done.returncode == 0, done.stdout


def test_every_command_block_names_its_account() -> None:
    profiles = {match for command in GUIDE.commands() for match in re.findall(r"AWS_PROFILE=(\w+)", command)}
    assert profiles == {"management", "delivery", "dev", "staging", "prod"}
    assert PLACE.account in GUIDE.text


@pytest.mark.parametrize(
    "block",
    [block for block in GUIDE.blocks() if block.language == "toml" and block.section not in WHOLE_FILES],
    ids=lambda block: block.section,
)
def test_shown_settings_are_valid(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "delivery.toml"
    example = (ROOT / "tests" / "delivery.toml").read_text()
    file.write_text(f"{example}\n{block.text}\n")
    assert load(file)


@pytest.mark.parametrize("message", re.findall(r"^### .*?`(stops: [^`]+)`", GUIDE.text, re.MULTILINE))
def test_quoted_messages_exist(message: str, assembly: "CloudAssembly") -> None:
    [template] = Path(assembly.directory).glob("yawl-delivery.template.json")
    commands = template.read_text().replace("\\", "")
    assert message in commands
