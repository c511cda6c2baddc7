"""Reads JUnit XML, the format of CodeBuild's test reports."""

from collections.abc import Iterator
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from rehearsal.engine.action_details import CaseOutcome, CaseResult

OUTCOMES = {"failure": CaseOutcome.FAILED, "error": CaseOutcome.ERROR, "skipped": CaseOutcome.SKIPPED}
"""Outcome by child element of a test case."""


class JunitError(Exception):
    """The text is not JUnit XML."""


def parse(text: str) -> list[CaseResult]:
    """Return the tests in order, however deep their suites are nested; raises JunitError."""
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise JunitError(f"not valid JUnit XML: {error}") from None
    return list(_results(root))


def _results(root: Any) -> Iterator[CaseResult]:
    for case in root.iter("testcase"):
        outcome, message = CaseOutcome.PASSED, ""
        for child in case:
            if child.tag in OUTCOMES:
                outcome = OUTCOMES[child.tag]
                message = "\n".join(filter(None, (child.get("message"), (child.text or "").strip())))
                break
        yield CaseResult(case.get("classname", ""), case.get("name", ""), _seconds(case), outcome, message)


def _seconds(case: Any) -> float:
    try:
        return float(case.get("time", "0"))
    except ValueError:
        return 0.0
