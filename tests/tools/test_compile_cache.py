"""What Node has compiled is found again, and only what can be found again is kept."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
const fs = require("node:fs"), path = require("node:path"), { createRequire } = require("node:module");
const folder = fs.mkdtempSync(path.join(process.env.TMPDIR, process.argv[2]));
fs.writeFileSync(path.join(folder, "library.js"), "exports.answer = () => 42;");
createRequire(folder + "/")("./library.js").answer();
console.log(path.basename(folder));
if (process.argv[3] === "and goes") fs.rmSync(folder, { recursive: true });
"""


def run(at: Path, prefix: str, *, goes: bool, compiled: Path) -> str:
    """Run a program that puts a library into a folder of its own and uses it; return the folder's name."""
    at.parent.mkdir(parents=True, exist_ok=True)
    at.write_text(PROGRAM)
    return subprocess.run(
        ["node", f"--require={ROOT / 'compile_cache.cjs'}", at, prefix, "and goes" if goes else "and stays"],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(compiled.parent), "COMPILED_BY_NODE": str(compiled)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def kept(compiled: Path) -> set[Path]:
    return {file.relative_to(compiled) for file in compiled.rglob("*") if file.is_file()}


def test_the_librarys_folders_come_again_and_what_was_compiled_in_them_is_kept_once(tmp_path: Path) -> None:
    compiled = tmp_path / "compiled"
    names: list[str] = []
    sizes: list[int] = []
    for number in range(3):
        # As jsii has it: its own program is somewhere else each time.
        program = tmp_path / f"random{number}" / "lib" / "program.js"
        names.append(run(program, "jsii-kernel-", goes=True, compiled=compiled))
        sizes.append(len(kept(compiled)))
    assert names == ["jsii-kernel-0"] * 3
    assert sizes == [1, 1, 1]


def test_processes_side_by_side_have_folders_of_their_own_and_at_last_random_ones(tmp_path: Path) -> None:
    compiled, program = tmp_path / "compiled", tmp_path / "lib" / "program.js"
    for number in range(2):
        assert run(program, "jsii-kernel-", goes=False, compiled=compiled) == f"jsii-kernel-{number}"
    for number in range(2, 16):
        (tmp_path / f"jsii-kernel-{number}").mkdir()
    last = run(program, "jsii-kernel-", goes=False, compiled=compiled)
    assert last.removeprefix("jsii-kernel-") not in map(str, range(16))
    assert len(kept(compiled)) == 2, "what can never be found is not kept"


@pytest.mark.parametrize("times", [1, 3])
def test_any_other_program_is_kept_too(tmp_path: Path, times: int) -> None:
    compiled = tmp_path / "compiled"
    for _ in range(times):
        run(tmp_path / "bin" / "tool.js", "jsii-kernel-", goes=True, compiled=compiled)
    assert len(kept(compiled)) == 2, "the program, and the library in its folder"
