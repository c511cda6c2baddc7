"""What a rehearsal says of permissions: which construct to change, at once, and a line at the end."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rehearsal.report.permissions import (
    Permissions,
    Refusal,
    construct,
    empty_permissions_report,
    permissions_report,
    refusal,
    summary_line,
)
from rehearsal.report.progress import Progress
from rehearsal.report.screen import Screen

MESSAGE = "User: arn:aws:sts::1:assumed-role/app/s is not authorized to perform: sns:ListTopics"


def found(**more: Any) -> dict[str, Any]:
    """What the emulator tells of a refused call."""
    return {
        "principal": "arn:aws:sts::1:assumed-role/app/s",
        "role": "arn:aws:iam::1:role/app",
        "action": "sns:ListTopics",
        "resource": "*",
        "reason": "because no identity-based policy allows the sns:ListTopics action",
        "message": MESSAGE,
        "enforced": True,
        "count": 1,
        "change": "role",
        "account": "1",
        "region": "us-east-1",
        "stack": "app-dev",
        "logical_id": "Role1",
        **more,
    }


@pytest.fixture(params=["in the template", "in the assembly", "in a file of the assembly"])
def assembly(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An assembly with a stage; an app may switch the templates' metadata off."""
    nested = tmp_path / "stage"
    nested.mkdir()
    path = {"/app/Dev/Service/Role/Resource": [{"type": "aws:cdk:logicalId", "data": "Role1"}]}
    role: dict[str, Any] = {"Type": "AWS::IAM::Role"}
    stack: dict[str, Any] = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://1/us-east-1",
        "properties": {"templateFile": "stack.json", "stackName": "app-dev"},
    }
    if request.param == "in the template":
        role["Metadata"] = {"aws:cdk:path": "app/Dev/Service/Role/Resource"}
    elif request.param == "in the assembly":
        stack["metadata"] = path
    else:
        stack["additionalMetadataFile"] = "stack.metadata.json"
        (nested / "stack.metadata.json").write_text(json.dumps(path))
    (nested / "stack.json").write_text(json.dumps({"Resources": {"Role1": role}}))
    (nested / "manifest.json").write_text(json.dumps({"artifacts": {"stack": stack}}))
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "stage"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"stage": stage}}))
    return tmp_path


def test_denial_names_the_construct_of_the_role(assembly: Path) -> None:
    output = str(refusal(found(), assembly))
    assert output == f"refused: {MESSAGE}; to allow it, change the role app/Dev/Service/Role"


def test_stacks_of_one_name_have_constructs_of_their_own(tmp_path: Path) -> None:
    artifacts: dict[str, Any] = {}
    for stage, region in (("America", "us-east-1"), ("Europe", "eu-west-1"), ("Anywhere", "unknown-region")):
        role = {"Type": "AWS::IAM::Role", "Metadata": {"aws:cdk:path": f"app/{stage}/Role/Resource"}}
        (tmp_path / f"{stage}.json").write_text(json.dumps({"Resources": {"Role1": role}}))
        artifacts[stage] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://1/{region}",
            "properties": {"templateFile": f"{stage}.json", "stackName": "app-dev"},
        }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    constructs = [construct(found(region=region), tmp_path) for region in ("us-east-1", "eu-west-1", "us-west-2")]
    assert constructs == ["app/America/Role", "app/Europe/Role", "app/Anywhere/Role"]
    assert construct(found(account="2"), tmp_path) == "Role1 of stack app-dev"


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({"logical_id": "Other"}, "to allow it, change the role Other of stack app-dev"),
        ({"stack": "", "logical_id": ""}, "to allow it, change the role arn:aws:iam::1:role/app"),
        ({"change": "resource"}, "to allow it, change the resource policy of app/Dev/Service/Role"),
        (
            {"change": "resource", "logical_id": "", "resource": "arn:x"},
            "to allow it, change the resource policy of arn:x",
        ),
    ],
)
def test_unknown_roles_have_the_best_available_name(assembly: Path, more: dict[str, Any], end: str) -> None:
    assert str(refusal(found(**more), assembly)).endswith(f"; {end}")


def test_listed_call_is_not_reported_as_denied(assembly: Path) -> None:
    assert str(refusal(found(enforced=False), assembly)).startswith("not allowed: User:")


@pytest.mark.parametrize("terminal", [True, False])
def test_denial_is_shown_when_it_happens(tmp_path: Path, terminal: bool) -> None:
    shown = io.StringIO()
    screen = Screen(Console(file=shown, force_terminal=terminal, width=300))
    progress = Progress(tmp_path, screen.on_change)
    with screen.showing(progress):
        progress.add_refusal(Refusal(MESSAGE, "app/Dev/Service/Role", is_role=True, enforced=True))
        assert MESSAGE in shown.getvalue()
        assert "app/Dev/Service/Role" in shown.getvalue()


def evaluated(**more: Any) -> dict[str, Any]:
    place = {"account": "1", "region": "us-east-1", "stack": "app-dev", "logical_id": "Role1"}
    role = {**place, "role": "arn:aws:iam::1:role/app"}
    roles = {"arn:aws:iam::1:role/app": {**role, "used": {"sns:Publish": 3}, "refused": {}, "grants": []}}
    summary: dict[str, Any] = {"mode": "enforced", "evaluated": 2400, "refused": [], "unchecked": [], "roles": roles}
    return {**summary, "open_questions": [], **more}


def test_report_names_every_role_s_construct(assembly: Path) -> None:
    document = permissions_report(evaluated(refused=[found()]), assembly)
    assert document["roles"]["arn:aws:iam::1:role/app"]["construct"] == "app/Dev/Service/Role"
    [item] = document["refused"]
    assert {item[name] for name in ("principal", "action", "resource", "construct")} == {
        "arn:aws:sts::1:assumed-role/app/s",
        "sns:ListTopics",
        "*",
        "app/Dev/Service/Role",
    }


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (evaluated(), "permissions: 2,400 calls evaluated, 0 refused"),
        (evaluated(refused=[found(count=2)]), "permissions: 2,400 calls evaluated, 2 refused"),
        (
            evaluated(refused=[found()], mode="report"),
            "permissions: 2,400 calls evaluated, 1 not allowed but made (--permissions report)",
        ),
        (evaluated(unchecked=[{}]), "permissions: 2,400 calls evaluated, 0 refused, 1 not checked"),
        (empty_permissions_report(Permissions.ENFORCED), "permissions: no call was evaluated"),
        (empty_permissions_report(Permissions.OFF), "permissions: not checked (--permissions off)"),
    ],
)
def test_summary_line(document: dict[str, Any], line: str) -> None:
    assert summary_line(document) == line
