"""A synthesis that does not end, or whose result is too large, stops with a reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.synthesis_limits import oversized, time_limit
from tests.paths import ROOT

HANGS = """
import os, sys
from pipeline.synthesis_limits import time_limit

reader, writer = os.pipe()
try:
    with time_limit(0.2):
        os.read(reader, 1)
finally:
    # Like the stack trace of the library's process.
    sys.stderr.write("trace")
"""


def test_synthesis_that_does_not_end_is_stopped() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "synth: stopped after 0.2 s, probably in the validation of the templates (aws-cdk issue 38425)."
    assert second.startswith("Run `CDK_VALIDATION=false make assembly`")


def test_synthesis_within_the_limit_is_left_alone() -> None:
    with time_limit(60):
        pass
    with pytest.raises(KeyError), time_limit(60):
        raise KeyError


@pytest.mark.parametrize(("size", "is_random", "exceeds"), [(50, True, False), (150, False, False), (150, True, True)])
def test_zipped_assembly_is_limited(tmp_path: Path, size: int, is_random: bool, exceeds: bool) -> None:
    (tmp_path / "asset.1").mkdir()
    (tmp_path / "asset.1" / "war").write_bytes(os.urandom(size * 1000) if is_random else bytes(size * 1000))
    (tmp_path / "manifest.json").write_text("{}")
    problem = oversized(tmp_path, limit=100_000)
    assert (problem is not None) == exceeds
    if problem:
        assert "asset.1/war (0 MB), manifest.json (0 MB)" in problem
        assert "accept 0 MB (aws-cdk issue 9917)" in problem
