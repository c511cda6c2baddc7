"""`make mutants`: what is mutated, which tests run on it, and what is written down."""

import datetime
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.integration_faults import matrix
from tests.paths import ROOT
from tools.mutants import document
from tools.mutants.__main__ import main
from tools.mutants.document import Figures
from tools.mutants.harmless import Harmless
from tools.mutants.mutant import BY_HAND, InvalidTableError, Mutant, read_tables
from tools.mutants.parts import PARTS, Part
from tools.mutants.runner import NEVER, SYNTH, TEST, BrokenTestsError, Result, Runner
from tools.mutants.selection import Selection
from tools.mutants.session import Session
from tools.mutants.working_copy import WorkingCopy

CONFTEST = """
def pytest_addoption(parser):
    parser.addoption("--example-only", action="store_true")
    parser.addoption("--keep-fixtures")
"""
PROGRAM = """\
def grown(number: int) -> int:
    return number + 1


def shrunk(number: int) -> int:
    while number > 10:
        number -= 1
    return number
"""
FILES = {
    "program/__init__.py": "",
    "program/numbers.py": PROGRAM,
    "program/other.py": "import program.numbers\n",
    "tests/conftest.py": CONFTEST,
    "tests/unit/test_grown.py": "from program.numbers import grown\n\n\ndef test():\n    assert grown(1) == 2\n",
    "tests/unit/test_other.py": "import program.other\n\n\ndef test():\n    assert program.numbers.shrunk(12) > 0\n",
    "tests/unit/test_unrelated.py": "def test():\n    pass\n",
    "tests/unit/test_started.py": "COMMAND = ['python', '-m', 'program']\n\n\ndef test():\n    pass\n",
    "tests/more/test_shrunk.py": "from program.numbers import shrunk\n\n\ndef test():\n    assert shrunk(12) == 10\n",
}
PART = Part(name="program", programs=("program",), synth=("tests/unit",), further=("tests/more",))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with a program and tests of both kinds."""
    folder = tmp_path / "project"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> WorkingCopy:
    """Its working copy."""
    found = WorkingCopy(project, tmp_path / "state" / "copy")
    found.update()
    return found


@pytest.fixture
def runner(copy: WorkingCopy) -> Generator[Runner, None, None]:
    """A runner of its tests."""
    with Runner(copy, copy.folder.parent, further=True) as found:
        yield found


def mutant(before: str, after: str, *, name: str = "one", safety: bool = False) -> Mutant:
    return Mutant(
        part="program",
        source=BY_HAND,
        name=name,
        file="program/numbers.py",
        start=PROGRAM.index(before),
        before=before,
        after=after,
        safety=safety,
    )


def test_mutant_is_caught_by_the_nearest_tests_then_by_further_tests_or_never(runner: Runner) -> None:
    found = runner.test(PART, mutant("number + 1", "number + 2"))
    assert (found.where, found.test) == (SYNTH, "tests/unit/test_grown.py::test")
    found = runner.test(PART, mutant("> 10", "> 9"))
    assert (found.where, found.test) == (TEST, "tests/more/test_shrunk.py::test")
    assert runner.test(PART, mutant("> 10", ">  10")).where == NEVER
    found = runner.test(PART, mutant("def grown", "def grown("))
    assert (found.where, found.test) == (SYNTH, "tests/unit/test_grown.py"), "it cannot be imported"


def test_endless_loop_is_caught(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.mutants.runner.BASE_SECONDS", 3.0)
    found = runner.test(PART, mutant("number -= 1", "number -= 0"))
    assert (found.where, found.test) == (SYNTH, "time limit")


def test_test_that_fails_anyway_is_no_catch(project: Path, copy: WorkingCopy) -> None:
    (project / "tests/unit/test_grown.py").write_text("import program.numbers\n\n\ndef test():\n    assert False\n")
    copy.update()
    with (
        Runner(copy, copy.folder.parent, further=True) as runner,
        pytest.raises(BrokenTestsError, match=r"test_grown.py::test fails without any mutant"),
    ):
        runner.test(PART, mutant("number + 1", "number + 2"))


def test_bytecode_of_a_mutant_is_not_taken_for_another(copy: WorkingCopy) -> None:
    """Programs that tests start may write bytecode, which Python knows by the file's size and time."""
    grow = [sys.executable, "-c", "from program.numbers import grown; print(grown(0))"]
    printed = []
    for after in ("number + 2", "number + 3"):
        with copy.mutated(mutant("number + 1", after)):
            printed.append(
                subprocess.run(grow, cwd=copy.folder, env={}, stdout=subprocess.PIPE, text=True, check=True).stdout
            )
    assert printed == ["2\n", "3\n"]


def test_copy_has_uncommitted_changes_and_is_restored(project: Path, copy: WorkingCopy) -> None:
    (project / "program/numbers.py").write_text(PROGRAM + "CHANGED = True\n")
    (project / "program/other.py").unlink()
    copy = WorkingCopy(project, copy.folder)
    copy.update()
    target = copy.folder / "program/numbers.py"
    assert not (copy.folder / "program/other.py").exists()
    with copy.mutated(mutant("number + 1", "number + 2")):
        assert target.read_text() == PROGRAM.replace("number + 1", "number + 2") + "CHANGED = True\n"
        assert target.stat().st_mtime != (project / "program/numbers.py").stat().st_mtime
    assert target.read_text() == PROGRAM + "CHANGED = True\n"
    assert target.stat().st_mtime == (project / "program/numbers.py").stat().st_mtime
    assert (project / "program/numbers.py").read_text() == PROGRAM + "CHANGED = True\n"


def test_session_repeats_what_may_have_changed(project: Path, copy: WorkingCopy, tmp_path: Path) -> None:
    caught, survived = mutant("number + 1", "number + 2"), mutant("> 10", "> 9")
    endless = mutant("number -= 1", "number -= 0")
    first = Session(tmp_path / "session.jsonl", copy)
    first.add(caught, "tests of today", Result(SYNTH, "tests/unit/test_grown.py::test", 1.0))
    first.add(survived, "tests of today", Result(NEVER, "", 2.0))
    first.add(endless, "tests of today", Result(SYNTH, "time limit", 9.0))

    def known(tests: str) -> list[bool]:
        session = Session(tmp_path / "session.jsonl", copy)
        return [session.result(mutant, tests) is not None for mutant in (caught, survived, endless)]

    assert known("tests of today") == [True, True, True]
    assert known("more tests") == [True, False, True]
    (project / "tests/unit/test_grown.py").write_text("def test():\n    pass\n")
    assert known("tests of today") == [False, True, True]
    (project / "program/numbers.py").write_text(PROGRAM + "\n")
    assert known("tests of today") == [False, False, False]


def test_tests_are_selected_by_imports_and_by_the_names_of_packages(copy: WorkingCopy) -> None:
    selection = Selection(copy.folder, copy.files)
    nearest = [f"tests/unit/test_{name}.py" for name in ("grown", "other", "started")]
    assert selection.related("program/numbers.py", ["tests/unit"]) == nearest
    selection.note("program/numbers.py", nearest[2])
    assert selection.related("program/numbers.py", ["tests/unit"]) == [nearest[2], *nearest[:2]]
    everything = [f"tests/unit/test_{name}.py" for name in ("grown", "other", "started", "unrelated")]
    assert selection.related("Makefile", ["tests/unit"]) == everything


HARMLESS = {
    "PLACES: Final = {0: (1, 2)}": ("NumberReplacer", "2"),
    "x: int | None = 1": ("ReplaceBinaryOperator_BitOr_BitAnd", "|"),
    "log.info('x', 1)": ("NumberReplacer", "1"),
    "parser.add_argument('x', default=1)": ("NumberReplacer", "1"),
    "def f(a, *, b): pass": ("ReplaceBinaryOperator_Mul_Div", "*"),
    "def f(\n    a,\n    *,\n    b,\n): pass": ("ReplaceBinaryOperator_Mul_Div", "*"),
    "@cache\ndef f(): pass": ("RemoveDecorator", "@"),
    "@dataclass(frozen=True)\nclass A: pass": ("ReplaceTrueWithFalse", "True"),
    "if __name__ == '__main__':\n    pass": ("AddNot", "__name__"),
    'f\'{n} day{"" if n == 1 else "s"}\'': ("NumberReplacer", "1"),
}
COUNTED = {
    "LIMITS: Final = {0: (1, 2)}": ("NumberReplacer", "2"),
    "x: Annotated[int, between(1, 2)]": ("NumberReplacer", "1"),
    "y = 1; log.info('x')": ("NumberReplacer", "1"),
    "@rule\ndef f(): pass": ("RemoveDecorator", "@"),
    "if n == 1:\n    pass": ("AddNot", "n"),
    "y = a | b": ("ReplaceBinaryOperator_BitOr_BitAnd", "|"),
    "y = a * b": ("ReplaceBinaryOperator_Mul_Div", "*"),
    "ä = 'ä' if n == 1 else 'ö'": ("NumberReplacer", "1"),
}


@pytest.mark.parametrize("text", [*HARMLESS, *COUNTED])
def test_harmless_places(text: str) -> None:
    operator, passage = (HARMLESS | COUNTED)[text]
    position = (text[: text.index(passage)].count("\n") + 1, len(text[: text.index(passage)].rpartition("\n")[2]))
    assert Harmless(text).contains(operator, position) == (text in HARMLESS)


def test_tables_are_valid() -> None:
    found = read_tables(ROOT / "tools" / "mutants", ROOT)
    assert found
    assert all((ROOT / folder).exists() for part in PARTS for folder in (*part.programs, *part.synth, *part.further))


def test_mistakes_in_tables_are_all_reported(project: Path) -> None:
    row = '[[mutant]]\nname = "{}"\npart = "program"\nsafety = true\nfile = "{}"\nbefore = "{}"\nafter = "{}"\n'
    (project / "a.toml").write_text(
        row.format("twice", "program/numbers.py", "number", "x")
        + row.format("nowhere", "program/none.py", "number", "x")
        + row.format("nothing", "program/numbers.py", "10", "10")
        + row.format("same", "program/numbers.py", "10", "11")
        + row.format("same", "program/numbers.py", "10", "12")
        + '[[mutant]]\nname = "short"\nextra = 1\n'
    )
    with pytest.raises(InvalidTableError) as error:
        read_tables(project, project)
    assert str(error.value).splitlines() == [
        f"a.toml: twice: `before` occurs {PROGRAM.count('number')} times in program/numbers.py; it must occur once",
        "a.toml: nowhere: there is no file program/none.py",
        "a.toml: nothing: `after` equals `before`",
        "a.toml: short: unknown keys: extra",
        "a.toml: short: missing, or of the wrong type: file, before, after, part, safety",
        "the name 'same' occurs twice",
    ]


def figures(part: str, *, seed: int = 2) -> Figures:
    found = Figures(part=part, source=BY_HAND, total=8, seed=seed, further=False)
    found.results = [
        (mutant("number + 1", "number + 2", safety=True), Result(SYNTH, "tests/unit/test_grown.py::test", 1.0)),
        (mutant("> 10", "> 9"), Result(SYNTH, "tests/unit/test_grown.py::test", 1.0)),
        (mutant("> 10", "> 11", name="the limit is off by one"), Result(NEVER, "", 2.4)),
    ]
    return found


def test_both_commands_write_their_part_of_the_document(tmp_path: Path) -> None:
    file, day = tmp_path / "FAULTS.md", datetime.date(2026, 11, 30)
    rows = [matrix.Row(kind="fault", by="test_x", name="the engine hangs", seconds=1)]
    file.write_text(matrix.updated("", []))
    document.write(file, [figures("b").row(day), figures("a").row(day)])
    file.write_text(matrix.updated(file.read_text(), rows))
    document.write(file, [figures("b").row(datetime.date(2026, 12, 1)), figures("b", seed=3).row(day)])
    text = file.read_text()
    assert matrix.names_in(text) == ["the engine hangs"]
    assert [line for line in text.splitlines() if "by hand |" in line] == [
        "| a | by hand | 3 of 8 (seed 2) | 2 | - | 1 | 67%; 1 of 1 that matter for safety | 4 | 2026-11-30 |",
        "| b | by hand | 3 of 8 (seed 2) | 2 | - | 1 | 67%; 1 of 1 that matter for safety | 4 | 2026-12-01 |",
        "| b | by hand | 3 of 8 (seed 3) | 2 | - | 1 | 67%; 1 of 1 that matter for safety | 4 | 2026-11-30 |",
    ]


def test_survivors_are_shown_with_their_change() -> None:
    assert document.survivors([figures("a")]).splitlines() == [
        "the limit is off by one: program/numbers.py",
        "    - > 10",
        "    + > 11",
    ]


def test_unknown_part_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--part", "lambda"]) == 2
    assert "no part lambda; the parts are jobs, lambdas, " in capsys.readouterr().err
