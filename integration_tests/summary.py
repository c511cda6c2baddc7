"""The outcome of a run in one line, for those who decide without reading more."""

import time
from pathlib import Path

import pytest

P99 = "p99_seconds"
"""The property of a test's report that tells how long 99 % of the measured requests took."""
_WORST_FIRST = ("failed", "passed", "skipped")


class Summary:
    """Counts what the tests say and writes one line when they are over: `dev: 24 passed in 12.3 s, p99 31 ms`."""

    def __init__(self, environment: str, path: Path | None) -> None:
        self._environment = environment
        self._path = path
        self._start = time.monotonic()
        self._outcomes: dict[str, str] = {}
        self._p99: float | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a test's outcome in: the worst of its set-up, its call and what comes after it."""
        if report.when == "call" or not report.passed:
            known = self._outcomes.get(report.nodeid, report.outcome)
            self._outcomes[report.nodeid] = min(known, report.outcome, key=_WORST_FIRST.index)
        for name, value in report.user_properties:
            if name == P99 and isinstance(value, float):
                self._p99 = value

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the line and write it down."""
        terminalreporter.write_line(self.line())
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(f"{self.line()}\n", encoding="utf-8")

    def line(self) -> str:
        """Return the line."""
        outcomes = list(self._outcomes.values())
        counts = [f"{outcomes.count(outcome)} {outcome}" for outcome in _WORST_FIRST if outcome in outcomes]
        p99 = "" if self._p99 is None else f", p99 {self._p99 * 1000:.0f} ms"
        said = ", ".join(counts) or "no test ran"
        return f"{self._environment}: {said} in {time.monotonic() - self._start:.1f} s{p99}"
