"""Actions that run at the same time share nothing that belongs to one of them."""

import contextlib
import threading
from pathlib import Path
from typing import Any

from typing_extensions import override

from rehearsal.actions import artifacts
from rehearsal.actions.run import Run
from rehearsal.engine.execution import Execution
from rehearsal.engine.history import History
from rehearsal.report.progress import ActionProgress, Progress
from tests.rehearsal.unit.rehearsal_fakes import FakeExecution, action, pipeline, stage


def run_of_one_action(directory: Path) -> tuple[Run, Progress]:
    runs: list[Run] = []
    execution = FakeExecution(pipeline(stage("Build", action("one"))), directory, {"one": runs.append})
    execution.run()
    return runs[0], execution.progress


def test_artifacts_whose_names_begin_alike_are_stored_apart(tmp_path: Path) -> None:
    run, _ = run_of_one_action(tmp_path)
    names = ["Artifact_Build_Europe", "Artifact_Build_America", "Artifact_Bake"]
    keys = [artifacts.location(run, name)[1] for name in names]
    assert {key.rpartition("/")[0] for key in keys} == {"pipeline/Artifact_B"}
    assert len(set(keys)) == 3
    assert [artifacts.location(run, name)[1] for name in names] == keys


class Meeting(dict[Path, int]):
    """A dict whose readers wait a moment for each other, so that each has read before another writes."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(2)

    @override
    def get(self, key: Path, default: int = 0) -> int:  # type: ignore[override]  # pyrefly: ignore[bad-override]
        found = super().get(key, default)
        with contextlib.suppress(threading.BrokenBarrierError):
            self.barrier.wait(0.3)
        return found


def test_every_line_of_a_log_with_two_writers_counts(tmp_path: Path) -> None:
    progress = Progress(tmp_path, lambda _: None)
    step = progress.add_step("emulated AWS", "ministack")
    progress.start(step)
    progress._written = Meeting()
    writers = [threading.Thread(target=progress.log, args=(step, line)) for line in ("emulator", "tunnel")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert step.log_lines == range(2)
    assert sorted(step.log_file.read_text().splitlines()) == ["emulator", "tunnel"]


def test_actions_whose_names_join_alike_have_logs_of_their_own(tmp_path: Path) -> None:
    names = [("Prod", "EU-Test"), ("Prod-EU", "Test"), ("Prod", "eu-test"), ("Prod", "EU Test"), ("Prod", "EU_Test")]
    stages = [stage(name, action(of_stage)) for name, of_stage in names[:2]]
    for left in ("Prod-EU-Test.log", "Prod-EU-Test.2.log", "Prod-EU-Test.page-1.html"):
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / left).write_text("of an earlier rehearsal")
    execution = FakeExecution(pipeline(*stages, stage("Other", action("x"))), tmp_path)
    execution.run()
    progress = execution.progress
    found: list[ActionProgress] = [one for each in progress.stages for one in each.actions]
    found += [progress._action(name, of_stage, "Fake", 1) for name, of_stage in names[2:]]
    files = [one.log_file for one in found]
    assert len({file.name.lower() for file in files}) == len(files)
    for one in found:
        progress.log(one, one.full_name)
    assert [file.read_text() for file in files] == [f"{one.full_name}\n" for one in found]
    assert not list((tmp_path / "logs").glob("*.html"))
    assert progress._action("Prod-EU", "Test", "Fake", 1).log_file == files[1]


class Growing(dict[str, str]):
    """A dict that another thread extends while it is read."""

    @override
    def items(self) -> Any:
        self[f"later {len(self)}"] = "Build/other"
        return super().items()


def test_actions_may_be_passed_over_while_others_begin(tmp_path: Path) -> None:
    run, progress = run_of_one_action(tmp_path)
    execution = Execution(run.context, progress, fail=frozenset(), history=History())
    execution._missing = given = Growing()
    execution._require_inputs(run.action)
    assert not given, "its copy is read"
