"""What the rule packs found is written down as it is, and the committed document is of this app."""

from pathlib import Path

import pytest

from compliance.document import document
from compliance.findings import Finding, Findings, Rule, SynthesisError, findings_of, read

ROOT = Path(__file__).parents[2]

FAULTY_APP = """
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

app = App()
s3.Bucket(Stack(app, "Stack"), "Unlogged")
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
"""


@pytest.fixture(scope="module")
def findings() -> Findings:
    """Hold the app as `delivery.toml` describes it to its rule packs."""
    return findings_of(ROOT)


def test_the_committed_document_is_up_to_date(findings: Findings) -> None:
    # No assertion of texts: their difference would fill the screen.
    if (ROOT / "docs/COMPLIANCE.md").read_text(encoding="utf-8") != document(findings):
        pytest.fail("docs/COMPLIANCE.md is out of date: run `make compliance` and commit it", pytrace=False)


def test_every_pack_is_in_it_with_rules_of_every_result(findings: Findings) -> None:
    for pack in ("AwsSolutions", "NIST.800.53.R5", "PCI.DSS.321", "HIPAA.Security"):
        rules = [rule for rule in findings.rules if rule.pack == pack]
        found = {finding.rule for finding in findings.acknowledged if finding.pack == pack}
        assert len(rules) > 60
        assert any(rule.judged == 0 for rule in rules)
        assert any(rule.judged > 0 and rule.name not in found for rule in rules)
        assert found <= {rule.name for rule in rules if rule.judged}


def test_every_reason_is_a_sentence(findings: Findings) -> None:
    assert [finding for finding in findings.acknowledged if len(finding.reason.split()) < 8] == []


def test_a_finding_that_nobody_acknowledged_stops_it(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text('{"app": "python app.py"}')
    (tmp_path / "app.py").write_text(FAULTY_APP)
    with pytest.raises(SynthesisError, match="AwsSolutions-S1"):
        findings_of(tmp_path)


def test_what_was_recorded_and_reported_is_brought_together() -> None:
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
