"""`make permissions`: which Allow statements are needed, and the report on the others."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tools.permissions_report import __main__ as report
from tools.permissions_report import accepted

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

UNUSED = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
NEEDED = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
CREATES_GROUP = {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}


def written(folder: Path, *statements: dict[str, Any]) -> Path:
    """Write an assembly with one function whose role has these statements."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}}},
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "Policy",
                "PolicyDocument": {"Statement": list(statements)},
                "Roles": [{"Ref": "Role"}],
            },
        },
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/eu-west-1",
        "properties": {"templateFile": "stack.template.json", "stackName": "stack"},
    }
    (folder / "stack.template.json").write_text(json.dumps({"Resources": resources}))
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"stack": artifact}}))
    return folder


def test_unneeded_statements_have_reasons(assembly: "CloudAssembly") -> None:
    composed = report.compose(report.findings_of(Path(assembly.directory)))
    assert composed["percent"] >= report.ENOUGH_PERCENT
    assert composed["unneeded"] == []
    assert composed["refused"] == []


def test_reasons_refer_to_existing_statements(assembly: "CloudAssembly") -> None:
    kept = report.compose(report.findings_of(Path(assembly.directory)))["kept"]
    used = {item["reason"] for item in kept}
    only_elsewhere = ("ConfigurationRole", "BakeRole")
    for item in accepted.ACCEPTED:
        assert item.reason in used or item.policy.startswith(only_elsewhere), item.policy


def test_needed_and_unneeded_statements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--assembly", str(written(tmp_path, NEEDED, CREATES_GROUP, UNUSED))]) == 1
    output = capsys.readouterr().out
    assert "3 of 4 Allow statements are needed (75.0 %)" in output
    assert "stack/Policy #2: s3:getobject" in output
    assert report.main(["--assembly", str(written(tmp_path, NEEDED, CREATES_GROUP))]) == 0


def test_duplicate_statements_are_unneeded(tmp_path: Path) -> None:
    folder = written(tmp_path, NEEDED, NEEDED, CREATES_GROUP)
    assert [item["index"] for item in report.compose(report.findings_of(folder))["unneeded"]] == [0, 1]


def test_denied_call_is_reported_with_its_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--assembly", str(written(tmp_path, CREATES_GROUP))]) == 1
    output = capsys.readouterr().out
    assert "is not authorized to perform: logs:PutLogEvents" in output
    assert "AWS Lambda Developer Guide" in output


def test_calls_of_a_rehearsal_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path, NEEDED, CREATES_GROUP, UNUSED)
    grants = [{"policy": "Policy", "index": 2, "used": True}]
    run = tmp_path / "run.json"
    run.write_text(json.dumps({"permissions": {"roles": {"arn": {"stack": "stack", "grants": grants}}}}))
    assert report.main(["--assembly", str(folder), "--recorded", str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["needed"], found["needed_by_recorded_calls_only"]) == (4, 1)


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["--assembly", "nowhere"], "nowhere/manifest.json does not exist; synthesize first: cdk synth"),
        (["--recorded", "nothing.json"], "nothing.json cannot be read: No such file or directory"),
        (["--recorded", "manifest.json"], "manifest.json is not the report of a rehearsal that checked permissions"),
    ],
)
def test_bad_input_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    output: str,
) -> None:
    monkeypatch.chdir(written(tmp_path, NEEDED, CREATES_GROUP))
    assert report.main(["--assembly", ".", *arguments]) == 2
    assert output in capsys.readouterr().err
