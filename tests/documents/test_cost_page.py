"""docs/COST.md is of this app as its settings are."""

import shutil
from pathlib import Path

import pytest

from cost.__main__ import main
from tests.synthesis.cdk import ROOT, cdk

PAGE = ROOT / "docs/COST.md"


def test_the_committed_page_is_up_to_date(tmp_path: Path) -> None:
    for file in ("cdk.json", "delivery.toml"):
        shutil.copy(ROOT / file, tmp_path)
    done = cdk("synth", "--quiet", "--no-validation", "--app", f"python {ROOT}/pipeline_app.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = tmp_path / "COST.md"
    assert main(["--assembly", str(tmp_path / "cdk.out"), "--page", str(page)]) == 0
    # No assertion of texts: their difference would fill the screen.
    if PAGE.read_text(encoding="utf-8") != page.read_text(encoding="utf-8"):
        pytest.fail("docs/COST.md is out of date: run `make cost-page` and commit it", pytrace=False)
