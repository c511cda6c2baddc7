"""The page of `make releases`, from recorded runs."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.unit.lambdas.test_delivery_metrics import BUILD_FAILED, DAY, GOOD, PROD_FAILED, ROLLED_BACK
from tests.unit.recorded_runs import PASSED, CodePipeline, Run, moment, run
from tools.releases import __main__ as command
from tools.releases.delivery import Delivery, NoEnvironmentsError, environments_of
from tools.releases.page import page
from tools.releases.records import Record


def stage(name: str, *actions: str) -> dict[str, Any]:
    return {"name": name, "actions": [{"name": one, "runOrder": at} for at, one in enumerate(actions, start=1)]}


DEFINITION = {
    "stages": [
        stage("Source", "Source"),
        stage("Build", "Synth"),
        stage("DevReview", "ReviewChanges"),
        stage("Dev", "Deploy", "IntegrationTests"),
        stage("ProdReview", "ReviewChanges"),
        stage("ProdApproval", "Approve"),
        stage("Prod", "Deploy", "IntegrationTests", "Bake"),
    ]
}


class Account(CodePipeline):
    """CodePipeline with the pipeline's definition."""

    def get_pipeline(self, **_: str) -> dict[str, Any]:
        return {"pipeline": DEFINITION}


def delivery(runs: Sequence[Run], *, minute: int) -> Delivery:
    since = moment(minute) - timedelta(weeks=12)
    return Delivery(Account(runs, minute=minute), "p", region="eu-west-1", since=since)


NEWER = run("b", 100, PASSED, (60, "Succeeded"), committed=90)
ROLLBACK = run("r", 200, ROLLED_BACK, (9, "Succeeded"), commit="a", rolls_back_to="a")
IN_APPROVAL = [*PASSED[:4], ("ProdApproval", "Approve", 12, 90, "Succeeded")]

# Runs, the minute, what runs in prod, and what waits for dev and prod since when and for what.
SITUATIONS: dict[str, tuple[Sequence[Run], int, str, list[str]]] = {
    "all have the newest": ([GOOD], 70, "a passed 60", []),
    "prod is being deployed": ([GOOD, NEWER], 135, "b deploying 131", ["prod b 112 running in Prod"]),
    "an approval is awaited": (
        [GOOD, run("b", 100, IN_APPROVAL)],
        150,
        "a passed 60",
        ["prod b 112 waiting for approval in ProdApproval"],
    ),
    "a build failed": (
        [GOOD, run("b", 100, BUILD_FAILED, (4, "Failed"))],
        150,
        "a passed 60",
        ["dev b 100 failed in Build"],
    ),
    "prod failed and nothing was rolled back": (
        [GOOD, run("b", 100, PROD_FAILED, (45, "Failed"))],
        150,
        "b failed 145",
        ["prod b 112 failed in Prod"],
    ),
    # What was taken back waits again.
    "prod was rolled back": ([GOOD, NEWER, ROLLBACK], 300, "a rollback passed 209", ["prod b 112 rolled back"]),
}


@pytest.mark.parametrize("case", SITUATIONS)
def test_what_runs_and_what_waits(case: str) -> None:
    runs, minute, running, waiting = SITUATIONS[case]
    found = delivery(runs, minute=minute)
    [prod] = [one for one in found.running() if one.environment == "prod"]
    since = round((prod.since - moment(0)).total_seconds() / 60)
    assert f"{prod.execution.commit} {prod.result} {since}" == running
    received = [
        f"{one.environment} {one.execution.commit} {round((one.since - moment(0)).total_seconds() / 60)} {one.where}"
        for one in found.waiting()
    ]
    assert received == waiting


def test_figures_are_those_of_the_dashboard() -> None:
    found = delivery([GOOD, NEWER, ROLLBACK], minute=300)
    assert [(one.execution.commit, one.lead_time) for one in found.releases()] == [("b", 70 * 60), ("a", 90 * 60)]
    assert [(name, spent / 60) for name, spent in found.releases()[1].phases.items()] == [
        ("Before the run", 30),
        ("Build", 5),
        ("Dev", 7),
        ("Approval", 18),
        ("Prod", 30),
    ]
    assert (found.changes(), len(found.failures())) == (2, 1)
    assert found.times_to_restore() == [9 * 60]


def test_runs_before_the_weeks_shown_do_not_count() -> None:
    found = Delivery(Account([GOOD, NEWER]), "p", region="eu-west-1", since=moment(100))
    assert [one.execution.id for one in found.releases()] == ["b"]


RECORD = {
    "environment": "prod",
    "regions": ["us-east-1"],
    "released": moment(60).isoformat(),
    "author": "Ada <ada@example.org>",
    "approver": "arn:aws:sts::111111111111:assumed-role/Approver/grace",
    "execution": "a",
}


def test_page_leads_from_a_figure_to_its_run_and_shows_texts_as_they_are() -> None:
    text = page(delivery([GOOD], minute=70), [Record(moment(60), RECORD)], now=moment(70))
    # As XML, which knows no tag without an end.
    document = re.sub(r"<meta[^>]*>", "", text.removeprefix("<!doctype html>"))
    root = ElementTree.fromstring(document)  # noqa: S314 - our own page
    words = " ".join(" ".join(root.itertext()).split())
    for part in (
        "What runs where",
        "Ada <ada@example.org>",
        "grace",
        "1 h 30 min",
        "0 %",
        "Change a",
        "every environment",
    ):
        assert part in words
    links = [one.get("href") or "" for one in root.iter("a")]
    assert links
    assert all("/pipelines/p/executions/a/timeline" in link for link in links)
    assert not re.search(r"<(script|link|img)|src=|@import|url\(", text)


def test_pipeline_without_environments_is_named() -> None:
    assert environments_of({"stages": [stage("Source", "Source"), stage("Build", "Synth")]}) == []


def test_regions_of_a_wave_have_a_last_action_each() -> None:
    actions = [{"name": f"{region}.{name}", "runOrder": at} for at, name in enumerate(("Deploy", "Bake"), start=1)
               for region in ("eu-west-1", "us-west-2")]  # fmt: skip
    definition = {"stages": [*DEFINITION["stages"], {"name": "ProdWave2", "actions": actions}]}
    [_, prod] = environments_of(definition)
    assert prod.stages == {"Prod": ["Bake"], "ProdWave2": ["eu-west-1.Bake", "us-west-2.Bake"]}
    assert prod.entry == ["ProdReview", "ProdApproval"]


class Clients(Account):
    """Every client that the command makes."""

    class meta:  # noqa: N801 - as boto3 has it
        region_name = "eu-west-1"


def clients(_service: str) -> Clients:
    return Clients([GOOD])


def no_records(*_: object) -> tuple[Record, ...]:
    return ()


def no_stages(*_: object, **__: object) -> dict[str, Any]:
    return {"pipeline": {"stages": []}}


def test_command_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_client", clients)
    monkeypatch.setattr(command, "read_all", no_records)
    file = tmp_path / "releases.html"
    assert command.main(["--bucket", "b", "--page", str(file)]) == 0
    assert capsys.readouterr().out == f"releases: wrote {file}\n"
    assert file.read_text().startswith("<!doctype html>")


def test_page_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_client", clients)
    monkeypatch.setattr(command, "read_all", no_records)
    file = tmp_path / "no" / "releases.html"
    assert command.main(["--bucket", "b", "--page", str(file)]) == 2
    assert capsys.readouterr().err == f"releases: {file} cannot be written: No such file or directory\n"


def test_pipeline_of_another_project_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "get_pipeline", no_stages)
    with pytest.raises(NoEnvironmentsError, match="the pipeline p has no environments"):
        delivery([GOOD], minute=DAY)
