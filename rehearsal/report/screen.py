"""The console output: a live view on a terminal, plain lines elsewhere."""

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from rehearsal.report import permissions, remaining_time, verdict
from rehearsal.report.environments import Environment, environments
from rehearsal.report.permissions import Refusal
from rehearsal.report.progress import ActionProgress, Notification, Progress, Result, StageProgress, Status, Verdict

MARKS = {
    Status.WAITING: ("·", "dim"),
    Status.RUNNING: ("▶", "cyan"),
    Status.SUCCEEDED: ("✔", "green"),
    Status.FAILED: ("✖", "red"),
    Status.SKIPPED: ("↷", "yellow"),
    Status.REJECTED: ("✖", "magenta"),
    Status.STOPPED: ("■", "yellow"),
    Status.NOT_REHEARSED: ("?", "yellow"),
}
NOTIFIED = "✉"
REFUSED = "✖"
MOST_NOTIFICATIONS = 8
"""The newest notifications, shown below the stages."""
LOG_TAIL_LINES = 40
WIDEST_NAME = 44
"""Columns of the names, at most; longer ones push the rest to the right."""


class Screen:
    """Shows a running rehearsal."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress: Progress | None = None
        self._live: Live | None = None
        self._lock = threading.Lock()
        self._delivery = 0
        self._name_width = WIDEST_NAME
        self.earlier_durations: Mapping[str, float] = {}
        """Seconds by action in earlier rehearsals, for the estimate of the remaining time."""

    @contextlib.contextmanager
    def showing(self, progress: Progress) -> Generator[None, None, None]:
        """Show `progress` until the block ends."""
        self._progress = progress
        if not self.console.is_terminal:
            yield
            return
        self._live = Live(
            get_renderable=self._render,
            console=self.console,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
        )
        with self._live:
            yield
        self._live = None

    @contextlib.contextmanager
    def paused(self) -> Generator[Callable[[str], None], None, None]:
        """Stop the live view while a question is asked; gives a function that shows a text."""
        if self._live:
            self._live.stop()
            self.console.print(self._render())
        try:
            yield lambda text: self._write(Text(_without_escapes(text)))
        finally:
            if self._live:
                self._live.start()

    def on_change(self, changed: ActionProgress | StageProgress | Notification | Refusal) -> None:
        """Print a change as a line if there is no live view; print refused calls in any case."""
        if isinstance(changed, Refusal):
            # At once, above the live view: the caller may retry for minutes before it fails.
            self._print(f"  {REFUSED} {_without_escapes(str(changed))}", "red")
            return
        if self.console.is_terminal or self._progress is None:
            return
        with self._lock:
            if isinstance(changed, Notification):
                self._print(f"  {NOTIFIED} {changed.subject}")
                return
            if isinstance(changed, StageProgress):
                if changed.status is Status.RUNNING:
                    self._print_delivery(self._progress)
                    self._print(f"stage {changed.name}")
                return
            line = f"  {changed.full_name} {changed.status}"
            if changed.status.is_final:
                line += f" after {changed.seconds:.1f} s"
            self._print(line + (f": {changed.reason}" if changed.reason else ""))

    def _print_delivery(self, progress: Progress) -> None:
        if progress.deliveries and self._delivery != progress.delivery:
            self._delivery = progress.delivery
            self._print(_delivery(progress))

    def summary(self, progress: Progress) -> None:
        """Print the stages, the log of failed actions, the environments and the result."""
        if self.console.is_terminal:
            self.console.print(self._render(ended=True))
        for action in _failed(progress):
            self._show_log(action)
        found = environments(progress)
        if found:
            self.console.print()
        width = max((len(environment.name) for environment in found), default=0)
        for environment in found:
            self._show_environment(environment, width)
        if progress.result is Result.SUCCEEDED:
            for name in sorted(progress.variable_overrides.keys() - progress.effective_overrides().keys()):
                self._write(Text(f"--set {name} had no effect: no build has this variable", "yellow"))
        if progress.permissions:
            style = "red" if progress.permissions["refused"] else "default"
            self._write(Text(permissions.summary_line(progress.permissions), style))
        for failure in progress.failed_functions:
            self._write(Text(f"Lambda function failed: {failure}", "red"))
        self._show_list("proves", verdict.proves(progress), "✔", "green")
        self._show_list("does not prove", verdict.does_not_prove(progress), "?", "yellow")
        style = {Verdict.PASSED: "bold green", Verdict.FAILED: "bold red"}.get(progress.verdict, "bold yellow")
        text = Text(f"\nrehearsal {progress.verdict} after {progress.seconds:.1f} s", style)
        if progress.restarts:
            text.append(f"; restarted {progress.restarts} time(s) because the pipeline updated itself", "default")
        if progress.reason and progress.result is not Result.SUCCEEDED:
            text.append(f"\n{progress.reason}", "default")
        self._write(text)

    def _show_list(self, title: str, lines: list[str], mark: str, style: str) -> None:
        if not lines:
            return
        self._write(Text(f"\n{title}", "bold"))
        for line in lines:
            self._write(Text(f"{mark} ", style).append(_without_escapes(line), "default"))

    def say(self, text: str) -> None:
        """Print a line that stays whole, so that a path in it can be copied."""
        self.console.print(Text(text), soft_wrap=True)

    def _write(self, text: Text) -> None:
        """Print a text; a terminal wraps at words, and elsewhere each line stays whole."""
        self.console.print(text, soft_wrap=not self.console.is_terminal)

    def _print(self, line: str, style: str = "default") -> None:
        seconds = self._progress.seconds if self._progress else 0.0
        self._write(Text(f"[{seconds:6.1f} s] {line}", style))

    def _render(self, *, ended: bool = False) -> Group:
        lines: list[Text] = []
        progress = self._progress
        if progress is None:
            return Group()
        if progress.deliveries:
            lines.append(_one_line(Text(_delivery(progress), "bold")))
        stages = [progress.set_up, *progress.stages]
        shown = [len(stage.name) for stage in stages]
        shown += [2 + len(action.name) for stage in stages if _is_open(stage) for action in stage.actions]
        self._name_width = min(WIDEST_NAME, max(shown))
        for stage in stages:
            lines += self._stage_lines(stage)
        lines += [_notified(notification) for notification in progress.notifications[-MOST_NOTIFICATIONS:]]
        if not ended:
            left = remaining_time.in_words(remaining_time.remaining_seconds(progress, self.earlier_durations))
            lines.append(Text(f"{progress.seconds:.0f} s so far, about {left} left", "dim"))
        return Group(*lines)

    def _stage_lines(self, stage: StageProgress) -> Iterator[Text]:
        status = _stage_status(stage)
        yield self._line(0, status, stage.name, stage.seconds, stage.reason if not stage.actions else "")
        if not _is_open(stage):
            return
        for action in stage.actions:
            detail = action.reason or (action.line if action.status is Status.RUNNING else "")
            yield self._line(2, action.status, action.name, action.seconds, detail)

    def _line(self, indent: int, status: Status, name: str, seconds: float, detail: str) -> Text:
        mark, style = MARKS[status]
        text = _one_line(Text())
        text.append(f"{' ' * indent}{mark} ", style)
        text.append(f"{name:<{self._name_width - indent}}", "bold" if indent == 0 else "default")
        text.append(f"{seconds:7.1f} s" if seconds else " " * 9, "dim")
        if detail:
            text.append(f"  {_without_escapes(detail)}", style if status.is_final else "dim")
        return text

    def _show_log(self, action: ActionProgress) -> None:
        lines = _tail(action.log_file)
        self._write(Text(f"\nlog of {action.full_name} (last {len(lines)} lines)", "bold red"))
        for line in lines:
            self._write(Text(f"  {_without_escapes(line)}"))
        self._write(Text(f"  {action.full_name}: {action.reason}", "red"))

    def _show_environment(self, environment: Environment, width: int) -> None:
        text = Text(f"{environment.name:<{width}}  ", "bold")
        text.append(f"{environment.aws_environment}  ", "default")
        text.append(environment.url or "no URL", "cyan")
        for name, value in environment.named_outputs().items():
            if value != environment.url:
                text.append(f"  {name}=", "dim")
                text.append(value.rsplit(":", 1)[-1] if value.startswith("arn:") else value, "default")
        self._write(text)


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _delivery(progress: Progress) -> str:
    commit = progress.deliveries[progress.delivery - 1]
    return f"delivery {progress.delivery} of {len(progress.deliveries)}: {commit}"


def _notified(notification: Notification) -> Text:
    text = _one_line(Text())
    text.append(f"{NOTIFIED} ", "cyan")
    text.append(notification.subject)
    return text


def _failed(progress: Progress) -> list[ActionProgress]:
    stages = [progress.set_up, *progress.stages]
    return [
        action
        for stage in stages
        for action in stage.actions
        if action.status is Status.FAILED or (action.status is Status.NOT_REHEARSED and not action.passed_over)
    ]


def _is_open(stage: StageProgress) -> bool:
    """Whether its actions are shown; those of a succeeded or waiting stage would add nothing."""
    if any(action.passed_over for action in stage.actions):
        return True
    return _stage_status(stage) not in (Status.SUCCEEDED, Status.WAITING)


def _stage_status(stage: StageProgress) -> Status:
    if stage.status is not Status.WAITING or not stage.actions:
        return stage.status
    states = {action.status for action in stage.actions}
    for status in (Status.FAILED, Status.NOT_REHEARSED, Status.RUNNING):
        if status in states:
            return status
    if states == {Status.SUCCEEDED}:
        return Status.SUCCEEDED
    return Status.RUNNING if Status.SUCCEEDED in states else Status.WAITING


def _tail(file: Path) -> list[str]:
    if not file.is_file():
        return []
    return file.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]


def _without_escapes(text: str) -> str:
    """Strip escape sequences: a build's colours and cursor movements would break the view."""
    return "\n".join(Text.from_ansi(line).plain for line in text.split("\n"))
