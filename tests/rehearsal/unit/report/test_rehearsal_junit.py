"""Test reports as pytest and others write them."""

import pytest

from rehearsal.engine.action_details import CaseOutcome, CaseResult
from rehearsal.report.junit import JunitError, parse

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" tests="4">
  <testcase classname="test_http" name="test_healthy" time="1.25"/>
  <testcase classname="test_http" name="test_closed" time="0.5"><failure message="open">at line 3</failure></testcase>
  <testcase classname="test_aws" name="test_alarms" time="n/a"><error message="no account"/></testcase>
  <testcase classname="test_aws" name="test_tls"><skipped message="no domain">x.py:3</skipped></testcase>
</testsuite></testsuites>"""


def test_every_case_has_its_outcome_and_message() -> None:
    assert parse(REPORT) == [
        CaseResult("test_http", "test_healthy", 1.25, CaseOutcome.PASSED),
        CaseResult("test_http", "test_closed", 0.5, CaseOutcome.FAILED, "open\nat line 3"),
        CaseResult("test_aws", "test_alarms", 0.0, CaseOutcome.ERROR, "no account"),
        CaseResult("test_aws", "test_tls", 0.0, CaseOutcome.SKIPPED, "no domain\nx.py:3"),
    ]


def test_single_suite_may_be_the_root() -> None:
    assert parse('<testsuite><testcase name="alone"/></testsuite>') == [CaseResult("", "alone", 0, CaseOutcome.PASSED)]


@pytest.mark.parametrize(
    "text",
    ["", "<testsuite>", "no XML", '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><testsuite>&d;</testsuite>'],
)
def test_invalid_report_is_reported(text: str) -> None:
    with pytest.raises(JunitError, match="not valid JUnit XML"):
        parse(text)
