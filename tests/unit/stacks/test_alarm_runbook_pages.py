"""Every alarm has a runbook under its own name, and its description, its mail and the dashboards lead there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloud_assembly import read
from settings import RepositorySettings
from stacks.shared.runbook import link
from tests.paths import ROOT
from tests.unit.one_environment import OneEnvironment
from tests.unit.other_settings import APPS, Synthesized
from tools.runbooks.page import LOOK_UPS, pages

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

DESCRIPTION_LIMIT = 1024
"""CloudWatch API Reference, PutMetricAlarm: AlarmDescription."""
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-000000000000"
WRITES = re.compile(r"(create|delete|put|update|modify|start|stop|reboot|register|restore|purge|add|remove|run|send)-")


def alarms_of(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the page that each alarm of an assembly belongs to, and the alarm's properties."""
    for stack in read(folder).stacks:
        for kind in ALARMS:
            for _, properties in stack.of_type(kind):
                yield stack.family.removeprefix("yawl-"), dict(properties)


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_each_alarm_has_an_entry_and_each_entry_an_alarm(app: Synthesized) -> None:
    alarms = sorted(
        (page, alarm.get("AlarmName", "an alarm without AlarmName")) for page, alarm in alarms_of(app.folder)
    )
    entries = [
        (page, name)
        for page, text in pages(read(app.folder)).items()
        for name in re.findall(r"^## (.+)$", text, re.MULTILINE)
    ]
    assert sorted(entries) == alarms, "give the alarm a Runbook, and attach it (stacks/shared/runbook.py)"


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_each_description_leads_to_the_entry(app: Synthesized) -> None:
    for page, alarm in alarms_of(app.folder):
        assert alarm["AlarmDescription"].endswith(f"Runbook: docs/runbooks/{page}.md#{alarm['AlarmName']}")
        assert "Users: " in alarm["AlarmDescription"]
        assert len(alarm["AlarmDescription"]) + len("https://host/owner/name/blob/branch/") * 3 < DESCRIPTION_LIMIT


@pytest.mark.parametrize("prod", ["prod_with_more", "prod_with_less", "prod_abroad"], indirect=True)
def test_with_other_settings_too(prod: OneEnvironment) -> None:
    for part in ("application", "monitoring"):
        for kind in ALARMS:
            for alarm in prod(part).find_resources(kind).values():
                name = alarm["Properties"]["AlarmName"]
                assert alarm["Properties"]["AlarmDescription"].endswith(f"Runbook: docs/runbooks/prod.md#{name}")


@pytest.fixture(scope="module")
def page(assembly: "CloudAssembly") -> str:
    """The page of prod."""
    return pages(read(Path(assembly.directory)))["prod"]


@pytest.fixture(scope="module")
def entries(page: str) -> dict[str, str]:
    """The entries of prod by their alarm."""
    _, *parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_entry_says_what_users_notice_and_when_to_escalate(entries: dict[str, str]) -> None:
    assert len(entries) == 26
    for name, text in entries.items():
        assert re.search(r"\*\*Users notice\*\*: \w", text), name
        assert re.search(r"\*\*Escalate\*\*: [A-Z]", text), name
        assert "In ALARM when " in text, name


def test_entry_has_three_commands_that_can_be_pasted_and_only_read(entries: dict[str, str]) -> None:
    for name, text in entries.items():
        [block] = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        lines = block.splitlines()
        commands = [line for line in lines if not re.match(r"[A-Z]+=\$\(", line)]
        assert len(commands) == 3, name
        assert not re.search(r"\$(ENVIRONMENT|REGION|ACCOUNT|RESTORE_TEST)\b", block), name
        used = set(re.findall(r"\$([A-Z]+)\b", block))
        assert used <= {line.partition("=")[0] for line in lines} | {"TASK"}, name
        assert all("--region us-east-1" in command for command in commands), name
        assert not [word for command in commands for word in _actions(command) if WRITES.match(word)], name


def _actions(block: str) -> list[str]:
    return re.findall(r"\baws [a-z0-9-]+ ([a-z-]+)", block)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("yawl-prod-no-healthy-target", "High. In ALARM when HealthyHostCount (Minimum) < 1 for 3 min (no data: OK)."),
        ("yawl-prod-error-rate", "High. In ALARM when failed requests > 5 % for 3 min (no data: OK)."),
        (
            "yawl-prod-database-storage-low",
            "High. In ALARM when FreeStorageSpace (Minimum) < 10 GiB for 15 min (no data: as before).",
        ),
        ("yawl-prod-deployment", "No severity. In ALARM when HealthyHostCount (Maximum) < 1 for 4 min (no data: OK)."),
        ("yawl-prod-no-task-runs", "High. In ALARM when CPUUtilization (SampleCount) < 1 for 5 min (no data: ALARM)."),
        (
            "yawl-prod-tasks-cpu-high",
            "Medium. In ALARM when CPUUtilization (Average) > 80 % for 15 min (no data: OK).",
        ),
        ("yawl-prod-health", "No severity. In ALARM when any high or medium alarm is, except maintenance alarms."),
    ],
)
def test_entry_says_when_the_alarm_is_in_alarm(entries: dict[str, str], name: str, line: str) -> None:
    assert line in entries[name].splitlines()


def test_links_lead_to_headings(page: str) -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "RUNBOOKS.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9-]", "", heading.lower().replace(" ", "-")) for heading in headings}
    linked = re.findall(r"\(\.\./RUNBOOKS\.md#([^)]+)\)", page)
    assert linked
    assert set(linked) <= anchors
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) == set(re.findall(r"^## (.+)$", page, re.MULTILINE))


def test_names_are_looked_up_where_the_stacks_publish_them(template: Any) -> None:
    parameters = template("prod", "monitoring").find_resources("AWS::SSM::Parameter").values()
    published = {one["Properties"]["Name"].replace("prod", "$ENVIRONMENT") for one in parameters}
    read_from = {name for command in LOOK_UPS.values() for name in re.findall(r"--name (\S+)", command)}
    assert len(read_from) == 3
    assert read_from <= published
    assert "TargetGroupArn" in template("prod", "application").to_json()["Outputs"]


@pytest.mark.parametrize(
    ("url", "page"),
    [
        (None, "docs/runbooks/prod.md"),
        ("https://github.com/example/yawl", "https://github.com/example/yawl/blob/main/docs/runbooks/prod.md"),
        ("https://gitlab.com/example/yawl", "https://gitlab.com/example/yawl/-/blob/main/docs/runbooks/prod.md"),
        ("https://bitbucket.org/example/yawl", "https://bitbucket.org/example/yawl/src/main/docs/runbooks/prod.md"),
    ],
)
def test_page_has_an_address_if_the_repository_has_one(url: str | None, page: str) -> None:
    repository = RepositorySettings(name="example/yawl", connection_arn=CONNECTION, url=url)
    assert repository.page("docs/runbooks/prod.md") == page
    assert link(page) == (f"[runbooks]({page})" if url else f"runbooks (repository: {page})")


@pytest.mark.parametrize(("environment", "part"), [("prod", "monitoring"), ("dev", "monitoring")])
def test_dashboard_names_the_page(template: Any, environment: str, part: str) -> None:
    dashboards = template(environment, part).find_resources("AWS::CloudWatch::Dashboard")
    assert f"docs/runbooks/{environment}.md" in json.dumps(dashboards)


def test_pipelines_dashboard_names_its_page(pipeline_template: Any) -> None:
    dashboards = pipeline_template.find_resources("AWS::CloudWatch::Dashboard")
    assert "docs/runbooks/delivery.md" in json.dumps(dashboards)
