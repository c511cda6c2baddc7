"""The rehearsal's report in a browser: content, accessibility, keyboard, screen sizes and colour schemes."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import MARKUP, SECRET
from tests.browser.contrast import low_contrasts

Open = Callable[..., Page]
PHONE = 390


def rows(page: Page) -> Locator:
    """The visible actions."""
    return page.locator(".row:visible")


def failure(page: Page) -> Locator:
    """The link in the summary of a failed rehearsal."""
    return page.get_by_role("region", name="Why it failed").get_by_role("link", name="Prod / database")


def row(page: Page, name: str) -> Locator:
    return page.locator(".row").filter(has=page.locator("summary", has_text=re.compile(rf"^\W*{name}\b")))


def open_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")


def test_page_shows_result(open_report: Open) -> None:
    page = open_report()
    expect(page).to_have_title(f"Rehearsal failed: Brew {MARKUP}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Failed")
    expect(page.get_by_role("banner")).to_contain_text("c0ffeec0ffee")
    expect(page.locator(".figures")).to_contain_text("1 passed, 1 skipped")
    expect(page.locator(".figures")).to_contain_text("1 added, 1 replaced")
    expect(page.get_by_role("region", name="Environments")).to_contain_text("222222222222 · eu-west-1")
    expect(page.get_by_role("region", name="What it does not prove")).to_contain_text("AWS::Some::Type")


def test_failed_action_links_to_its_log_line(open_report: Open) -> None:
    page = open_report()
    failure(page).click()
    failing = page.locator(".failing")
    expect(failing).to_have_text(re.compile("^CREATE_FAILED AWS::RDS::DBInstance Instance no capacity"))
    expect(failing).to_have_attribute("data-number", "501")
    expect(failing).to_be_in_viewport()
    expect(failing).to_be_focused()


def test_log_link_works_despite_filters_and_twice(open_report: Open) -> None:
    page = open_report()
    for _ in range(2):
        page.get_by_label("Text").fill("network")
        expect(rows(page)).to_have_count(1)
        failure(page).click()
        expect(page.locator(".failing")).to_be_in_viewport()


def test_url_fragment_opens_log_line(open_report: Open) -> None:
    page = open_report()
    page.goto(f"{page.url}#Prod-database-line-501")
    page.reload()
    expect(page.locator(".failing")).to_be_in_viewport()


def test_filters_narrow_the_list(open_report: Open) -> None:
    page = open_report()
    shown = page.locator("#shown")
    expect(shown).to_have_text("7 of 7 actions")
    page.get_by_role("checkbox", name="failed", exact=True).uncheck()
    expect(shown).to_have_text("6 of 7 actions")
    page.get_by_role("checkbox", name="waiting", exact=True).uncheck()
    expect(shown).to_have_text("5 of 7 actions")
    page.get_by_role("combobox", name="Stage").select_option("Dev")
    expect(shown).to_have_text("3 of 7 actions")
    expect(page.locator(".stage:visible h3")).to_have_text([re.compile("Dev")])
    page.get_by_label("Text").fill("TEST_HEALTHY")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Text").fill("no such thing")
    expect(page.get_by_text("No action matches the filter.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(shown).to_have_text("7 of 7 actions")


def test_critical_path_filter(open_report: Open) -> None:
    page = open_report()
    page.get_by_label("critical path only").check()
    expect(rows(page)).to_have_count(page.locator("[data-critical=yes]").count())
    expect(row(page, "database")).to_be_visible()
    expect(row(page, "never")).to_be_hidden()


def test_action_shows_changes_tests_and_approval(open_report: Open) -> None:
    page = open_report()
    row(page, "network").locator("summary").click()
    changes = page.get_by_role("region", name="Changes to dev-network").get_by_role("row")
    expect(changes).to_have_text(
        [
            re.compile("Change.*Resource.*Type"),
            re.compile("replaced.*RuleGroup|replaced"),
            re.compile("added.*Vpc.*EC2 VPC"),
        ]
    )
    row(page, "IntegrationTests").locator("summary").click()
    expect(page.get_by_role("region", name="Tests of Dev").get_by_role("row")).to_have_count(3)
    row(page, "Approve").locator("summary").click()
    expect(row(page, "Approve")).to_contain_text("Answer: approved")


def test_long_logs_are_truncated_with_a_note(open_report: Open, report_file: Path) -> None:
    page = open_report()
    synth = row(page, "Synth")
    synth.locator("summary").click()
    expect(synth.locator(".text")).to_have_count(200)
    expect(synth.locator(".gap")).to_have_text("… 801 lines omitted …")
    expect(synth.locator(".text").first).to_have_text("line 1 of a long build")
    expect(synth.locator(".text").last).to_contain_text("(5000 characters)")
    link = synth.locator(".whole-log a")
    assert (report_file.parent / (link.get_attribute("href") or "")).read_text().startswith("\x1b[32mline 1")
    assert report_file.stat().st_size < 400_000


def test_markup_in_logs_is_escaped(open_report: Open) -> None:
    page = open_report()
    open_everything(page)
    assert page.locator("img").count() == 0
    assert page.get_by_text(MARKUP).count() >= 8


def test_page_has_no_secrets(open_report: Open, report_file: Path) -> None:
    page = open_report()
    assert "swordfish" not in report_file.read_text()
    expect(row(page, "network")).to_contain_text("password=***")
    expect(page.get_by_role("region", name="Environments")).to_contain_text("*** in an output")
    assert SECRET not in (page.locator("#data").text_content() or "")


def test_data_can_be_downloaded(open_report: Open) -> None:
    page = open_report()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the data").click()
    document = json.loads(download.value.path().read_text())
    assert document["subject"] == f"Brew {MARKUP}"
    assert document["timeline"]["critical_path"][-1] == "Prod/database"


def test_content_security_policy(report_file: Path) -> None:
    text = report_file.read_text()
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy
    assert not re.search(r"<[^>]+\s(style|on\w+)=", text)


def test_keyboard_navigation(open_report: Open) -> None:
    page = open_report()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the actions")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the actions")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(failure(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".failing")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".whole-log a:focus")).to_have_count(1)
    # Select the next action and open it.
    page.keyboard.press("Tab")
    expect(row(page, "never").locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, "never").locator("details")).to_have_attribute("open", "")


def test_focus_is_visible(open_report: Open) -> None:
    page = open_report()
    for _ in range(30):
        page.keyboard.press("Tab")
        outlined = page.evaluate(
            """() => {
              const focused = document.activeElement;
              const seen = focused.matches('.choice input') ? focused.nextElementSibling : focused;
              return focused === document.body || parseFloat(getComputedStyle(seen).outlineWidth) >= 2;
            }"""
        )
        assert outlined, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_landmarks_and_accessible_names(open_report: Open) -> None:
    page = open_report()
    for landmark in ("body > header", "body > main", "body > footer", "form[role=search]"):
        expect(page.locator(landmark)).to_have_count(1)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('input, select, button, a, summary, [role=region]')].filter(
          (control) => !(control.labels?.length || control.textContent.trim() || control.ariaLabel)
        ).map((control) => control.outerHTML)"""
    )
    assert unnamed == []
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((heading) => +heading.tagName[1])")
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    identifiers = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(set(identifiers)) == len(identifiers)


def test_no_horizontal_scroll_on_a_phone(open_report: Open) -> None:
    page = open_report(width=PHONE, height=800)
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    failure(page).click()
    expect(page.locator(".failing")).to_be_in_viewport()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, PHONE])
def test_text_contrast(open_report: Open, dark: bool, width: int) -> None:
    page = open_report(width=width, dark=dark)
    open_everything(page)
    checked, low = low_contrasts(page)
    assert low == []
    assert checked > 150


def test_dark_mode(open_report: Open) -> None:
    background = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert min(open_report().evaluate(background)) > 200
    assert max(open_report(dark=True).evaluate(background)) < 50


def test_readable_without_javascript(browser: Browser, report_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report_file.as_uri())
    expect(page.locator("#filters")).to_be_hidden()
    failure(page).click()
    expect(page.locator(".failing")).to_be_visible()
    context.close()
