"""Fixtures: a browser, and the report of a failed rehearsal with markup in all texts."""

import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import ActionFailed, Deployed, Outcome, Resource, Run
from rehearsal.engine.action_details import CaseOutcome, CaseResult, ChangeSet, Effect, Question, ResourceChange
from rehearsal.report import page as pages
from rehearsal.report import report
from tests.rehearsal.unit.rehearsal_fakes import FakeExecution, action, pipeline, stage

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MARKUP = "<img src=x onerror=alert(1)></script></pre>&amp;"
"""Must be shown literally."""
SECRET = 'swordfish"<&'
DEV = AwsEnvironment("222222222222", "eu-west-1")


@pytest.fixture(scope="module")
def browser() -> Generator[Browser, None, None]:
    """Debian's Chromium, or another that is installed; nothing is downloaded.

    It is closed with its module: while Playwright runs, no other test in this process can run an event loop.
    """
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        reason = "pages are looked at in Chromium, and there is none here; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=CHROMIUM_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a rehearsal that failed in its second environment."""
    directory = tmp_path_factory.mktemp("page")
    execution = FakeExecution(
        pipeline(
            stage("Build", action("Synth")),
            stage("Dev", action("network"), action("storage"), action("IntegrationTests", run_order=2)),
            stage("Prod", action("Approve"), action("database", run_order=2), action("never", run_order=3)),
        ),
        directory,
    )
    execution.behaviours = {
        "Synth": _synthesize,
        "network": lambda run: _deploy(run, "network"),
        "IntegrationTests": _test,
        "Approve": _approve,
        "database": _fail,
    }
    result, reason = execution.run()
    execution.progress.finish(result, reason)
    execution.progress.recorded_types = ["AWS::Some::Type"]
    composed = report.compose(execution.progress, commit="c0ffee" * 6, subject=f"Brew {MARKUP}")
    file = directory / "report.html"
    pages.write(composed, file, secrets=report.secrets(execution.progress))
    return file


@pytest.fixture
def open_report(browser: Browser, report_file: Path) -> Generator[Callable[..., Page], None, None]:
    """Open the page. Errors of the browser and requests to the network fail the test."""
    opened: list[Page] = []
    complaints: list[str] = []

    def open_page(*, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if request.url != address else None)
        page.goto(address)
        opened.append(page)
        return page

    address = report_file.as_uri()
    yield open_page
    for page in opened:
        page.close()
    assert complaints == []


def _synthesize(run: Run) -> None:
    for number in range(1, 1001):
        run.log(f"\x1b[32mline {number}\x1b[0m of a long build")
    run.log("x" * 5000)


def _deploy(run: Run, name: str) -> Outcome:
    run.log(f"CREATE_COMPLETE AWS::EC2::VPC {MARKUP}")
    run.log(f"password={SECRET}")
    run.details.secrets.add(SECRET)
    run.details.change_set = ChangeSet(
        f"dev-{name}",
        (
            ResourceChange("Vpc", "AWS::EC2::VPC", Effect.ADDED),
            ResourceChange(f"Rule{MARKUP}", "AWS::EC2::SecurityGroup", Effect.REPLACED, ("GroupDescription",)),
        ),
    )
    outputs = {"Url": "http://dev.example", "Text": MARKUP, "Leaked": f"{SECRET} in an output"}
    resources = (Resource("Vpc", "AWS::EC2::VPC", "vpc-1"),)
    return Outcome(deployed=Deployed(f"dev-{name}", DEV, outputs, ("a fake task",), resources))


def _test(run: Run) -> None:
    run.log("2 passed, 1 skipped")
    run.details.tests += [
        CaseResult("suite", "test_healthy", 1.0, CaseOutcome.PASSED),
        CaseResult("suite", f"test_{MARKUP}", 0.5, CaseOutcome.SKIPPED, f"because {MARKUP}"),
    ]


def _approve(run: Run) -> None:
    run.details.question = Question(f"Deploy to prod? {MARKUP}", approved=True)


def _fail(run: Run) -> None:
    for number in range(1, 501):
        run.log(f"CREATE_COMPLETE AWS::RDS::Thing number{number}")
    run.log(f"CREATE_FAILED AWS::RDS::DBInstance Instance no capacity {MARKUP}")
    for number in range(1, 501):
        run.log(f"DELETE_COMPLETE AWS::RDS::Thing number{number}")
    raise ActionFailed(f"prod-database is ROLLBACK_COMPLETE: no capacity {MARKUP}")
