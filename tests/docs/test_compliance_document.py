"""docs/COMPLIANCE.md: its content, and how findings are read and written."""

from pathlib import Path

import pytest

from tests.paths import ROOT
from tools.compliance.document import document
from tools.compliance.findings import Finding, Findings, Rule, SynthesisError, findings_of, read

FAULTY_APP = """
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

app = App()
s3.Bucket(Stack(app, "Stack"), "Unlogged")
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
"""


def rows(columns: int) -> list[list[str]]:
    """The rows of the committed document's tables with this many columns, which `test_readme.py` keeps current."""
    lines = (ROOT / "docs/COMPLIANCE.md").read_text(encoding="utf-8").splitlines()
    found = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ") and "| ---" not in line]
    return [row for row in found if len(row) == columns]


def test_every_pack_has_rules_of_every_result() -> None:
    packs = {name: [int(cell) for cell in cells] for name, *cells in rows(5) if cells[0].isdigit()}
    assert set(packs) == {"AWS's own rules", "NIST 800-53 R5", "PCI DSS 3.2.1", "HIPAA Security"}
    for every, *results in packs.values():
        assert every == sum(results) > 60
        assert all(results)


def test_reasons_are_sentences() -> None:
    reasons = [row[2] for row in rows(3) if "/" in row[1]]
    assert len(reasons) > 30
    assert [reason for reason in reasons if len(reason.split()) < 8] == []


def test_unacknowledged_finding_fails(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text('{"app": "python app.py"}')
    (tmp_path / "app.py").write_text(FAULTY_APP)
    with pytest.raises(SynthesisError, match="AwsSolutions-S1"):
        findings_of(tmp_path)


def test_recorded_and_reported_findings_are_merged() -> None:
    rules = {
        "PCI.DSS.321-Encrypted": {
            "pack": "PCI.DSS.321",
            "info": "Not encrypted - (Control IDs: 1.2, 3.4).",
            "judged": 2,
        },
        "PCI.DSS.321-Rotated": {"pack": "PCI.DSS.321", "info": "Not rotated - (Control ID: 8).", "judged": 1},
        "PCI.DSS.321-Clustered": {"pack": "PCI.DSS.321", "info": "Not clustered", "judged": 0},
    }
    violation = {
        "ruleName": "PCI.DSS.321-Encrypted[what]",
        "reason": "It is plain.",
        "violatingConstructs": [{"constructPath": f"app/{name}/storage/Bucket/Resource"} for name in ("Dev", "Prod")],
    }
    report = {
        "pluginReports": [
            {"pluginName": "PCI.DSS.321", "suppressedViolations": [violation]},
            {"pluginName": "CloudFormation Validate", "suppressedViolations": [{"ruleName": "W3010"}]},
        ]
    }
    found = read(rules, report)
    assert found == Findings(
        rules=[
            Rule("PCI.DSS.321", "Encrypted", "1.2, 3.4", 2),
            Rule("PCI.DSS.321", "Rotated", "8", 1),
            Rule("PCI.DSS.321", "Clustered", "", 0),
        ],
        acknowledged=[
            Finding("PCI.DSS.321", "Encrypted", "what", f"app/{name}/storage/Bucket/Resource", "It is plain.")
            for name in ("Dev", "Prod")
        ],
    )
    written = document(found)
    assert "| PCI DSS 3.2.1 | 3 | 1 | 1 | 1 |" in written
    assert "| Encrypted `[what]` | storage/Bucket (Dev, Prod) | It is plain. |" in written
    assert "| Rotated | passed (1) | 8 |" in written
    assert "| Clustered | not applicable |  |" in written
