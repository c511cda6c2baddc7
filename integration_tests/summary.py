"""Writes the outcome of a run in one line, for the approval."""

from pathlib import Path

import pytest

from integration_tests.waiting import SYSTEM_CLOCK, Clock

P99 = "p99_seconds"
"""The report property with the 99th percentile of the latency."""
REMARK = "remark"
"""The report property with a remark: a finding that does not fail a release."""
_WORST_FIRST = ("failed", "passed", "skipped")


class Summary:
    """Counts outcomes and writes one line at the end: `dev: 24 passed in 12.3 s, p99 31 ms`.

    Remarks are printed in full and counted in the line.
    """

    def __init__(self, environment: str, path: Path | None, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._environment = environment
        self._path = path
        self._clock = clock
        self._start = clock.now()
        self._remarks: list[str] = []
        self._outcomes: dict[str, str] = {}
        self._p99: float | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a test's outcome: the worst of its set-up, call and teardown."""
        if report.when == "call" or not report.passed:
            known = self._outcomes.get(report.nodeid, report.outcome)
            self._outcomes[report.nodeid] = min(known, report.outcome, key=_WORST_FIRST.index)
        if report.when != "teardown":
            return
        # A test's last report has all properties.
        for name, value in report.user_properties:
            if name == P99 and isinstance(value, float):
                self._p99 = value
            elif name == REMARK:
                self._remarks.append(str(value))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the remarks and the summary, and write the summary to the file."""
        line = self._line(self._clock.now() - self._start)
        for remark in self._remarks:
            terminalreporter.write_line(f"remark: {remark}")
        terminalreporter.write_line(line)
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(f"{line}\n", encoding="utf-8")

    def _line(self, seconds: float) -> str:
        outcomes = list(self._outcomes.values())
        counts = [f"{outcomes.count(outcome)} {outcome}" for outcome in _WORST_FIRST if outcome in outcomes]
        p99 = "" if self._p99 is None else f", p99 {self._p99 * 1000:.0f} ms"
        number = len(self._remarks)
        remarks = f", {number} remark{'s' if number > 1 else ''}" if number else ""
        return f"{self._environment}: {', '.join(counts) or 'no test ran'} in {seconds:.1f} s{p99}{remarks}"
