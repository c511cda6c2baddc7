"""Writes the rule packs' results for the app in this folder: `python -m tools.compliance FILE`.

Exit codes: 0 written, 1 the app cannot be synthesized or has findings that nobody has acknowledged.
"""

import argparse
import sys
from pathlib import Path

from tools.compliance.document import document
from tools.compliance.findings import SynthesisError, findings_of


def main() -> None:
    """Synthesize and write."""
    parser = argparse.ArgumentParser(prog="python -m tools.compliance", description=__doc__)
    parser.add_argument("file", type=Path, help="where the document goes")
    options = parser.parse_args()
    try:
        findings = findings_of(Path())
    except SynthesisError as failed:
        print(f"compliance: cdk synth failed; fix or acknowledge these findings:\n{failed}", file=sys.stderr)
        sys.exit(1)
    options.file.write_text(document(findings), encoding="utf-8")
    print(f"written: {options.file}")


if __name__ == "__main__":
    main()
