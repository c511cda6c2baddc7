"""`cfn-lint` finds nothing in any template."""

import subprocess
import sys
from pathlib import Path

from tests.synthesis.conftest import Synthesis


def test_cfn_lint_has_no_findings(synthesis: Synthesis) -> None:
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    process = subprocess.run([cfn_lint, *synthesis.templates], capture_output=True, text=True, check=False)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
