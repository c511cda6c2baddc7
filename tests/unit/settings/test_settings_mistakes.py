"""Mistakes in `delivery.toml` and their messages."""

from pathlib import Path

import pytest

from settings import SettingsError, load
from settings.aws.data import BY_DATA
from tests.unit.settings.report_form import has_remedy
from tests.unit.settings_file import delivery_toml

TABLE = Path(__file__).with_name("settings_mistakes.txt")


def rows() -> list[tuple[str, tuple[str, ...]]]:
    """Read the table: blocks of changes, each followed by the expected messages, indented."""
    read: list[tuple[str, tuple[str, ...]]] = []
    for block in TABLE.read_text().split("\n\n"):
        lines = block.strip("\n").splitlines()
        changes = [line for line in lines if not line.startswith(("#", " "))]
        output = tuple(
            f"delivery.toml: {line.strip()}".replace("(AWS data)", f"({BY_DATA})")
            for line in lines
            if line.startswith(" ")
        )
        if changes:
            read.append(("\n".join(changes), output))
    return read


def problems(changes: str) -> tuple[str, ...]:
    Path("delivery.toml").write_text(delivery_toml(changes))
    with pytest.raises(SettingsError) as raised:
        load(Path("delivery.toml"))
    return raised.value.problems


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("changes", "output"), rows(), ids=[changes for changes, _ in rows()])
def test_error_message(changes: str, output: tuple[str, ...]) -> None:
    assert problems(changes) == output
    assert [line for line in output if not has_remedy(line.removeprefix("delivery.toml: "))] == []


ALL_AT_ONCE = """\
repository.name = "yawl-delivery"
pipeline.account = 111111111111
image.uri = "yawl"
environments.dev.account = 2
environments.dev.image = "222222222222.dkr.ecr.us-east-1.amazonaws.com/yawl:latest"
environments.dev.colour = "blue"
environments.prod.tasks.cpu = "1024"
environments.prod.tasks.max = 1
environments.prod.cache.nodes = 1
environments.prod.network.isolated_subnets = ["10.0.10.0/24"]
environments.prod.network.private_subnets = ["10.0.1.0/24", "10.0.4.0/24"]
environments.prod.database.storage_gib = 1000
environments.prod.domain = { name = "yawl.example.com", hosted_zone_name = "example.org" }
no environments.prod.account
"""


def test_all_errors_are_reported_in_file_order() -> None:
    """Wrong values hide neither each other nor violated rules between valid values."""
    assert [line.split(": ")[1] for line in problems(ALL_AT_ONCE)] == [
        "repository.name",
        "pipeline.account",
        "image.uri",
        "environments.dev.account",
        "environments.dev.image",
        "environments.dev.colour",
        "environments.prod.tasks.cpu",
        "environments.prod.tasks.max",
        "environments.prod.cache.nodes",
        "environments.prod.network.isolated_subnets",
        "environments.prod.network.private_subnets[0]",
        "environments.prod.database.max_storage_gib",
        "environments.prod.domain.name",
        "environments.prod.domain.hosted_zone_id",
        "environments.prod.account",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        # a rule needs a value that is wrong itself
        'environments.prod.tasks.min = "7"',
        'environments.prod.tasks.cpu = "256"',
        'environments.prod.network.cidr = "10.1.0.0/8"',
        "environments.prod.database.storage_gib = 65537",
        'environments.prod.region = "eu-west-9"\nenvironments.prod.availability_zones = ["eu-west-1a", "eu-west-1b"]',
        # or whose key is misspelt
        "environments.prod.tasks.mni = 7",
        "environments.prod.cache.multi-az = false\nenvironments.prod.cache.nodes = 1",
    ],
)
def test_no_follow_up_errors(changes: str) -> None:
    assert len(problems(changes)) == 1


def test_too_many_environments_are_rejected() -> None:
    more = "".join(
        f'environments.e{number}.account = "333333333333"\nenvironments.e{number}.region = "us-east-1"\n'
        for number in range(14)
    )
    assert problems(more) == (
        "delivery.toml: environments: are 16, 16 of them with approval, which makes 48 stages: "
        "a pipeline has room for 46. Remove environments, approvals or waves of further_regions, or deliver some with "
        "a pipeline in another account",
    )
    Path("delivery.toml").write_text(
        delivery_toml(more + "environments.e1.approval = false\nenvironments.e2.approval = false\n")
    )
    assert len(load(Path("delivery.toml")).environments) == 16


def test_error_text_is_its_lines() -> None:
    Path("delivery.toml").write_text(delivery_toml("no pipeline.account\nenvironments.prod.tasks.max = 1"))
    with pytest.raises(SettingsError) as raised:
        load(Path("delivery.toml"))
    assert str(raised.value) == (
        "delivery.toml: pipeline.account: missing; must be the 12-digit ID of an AWS account\n"
        "delivery.toml: environments.prod.tasks.max: 1 is below tasks.min 2; raise it, or lower tasks.min"
    )
