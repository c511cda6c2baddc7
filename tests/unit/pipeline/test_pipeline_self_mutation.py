"""The pipeline's commands before its self-update, with a fake `cdk diff`."""

import hashlib
import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from aws_cdk.assertions import Template

from jobs.change_review import before_push
from lambdas.delivery_events.notify import publish_notice
from settings import Settings
from settings.sections.accepted_changes import AcceptedPermissions
from tests.policies import allows, in_text
from tests.unit.built_image import BUILT, images
from tests.unit.other_settings import APPS, Synthesized, small, synthesize
from tests.unit.pipeline_definition import Pipeline
from tests.unit.recorded_delivery import VARIABLES, Recording, begun, failed

CHANGES = "+ Allow lambda:InvokeFunction by ${Notifier/Failed.Arn}\n"
"""It contains a name that looks like a failure."""
FINGERPRINT = hashlib.sha256(CHANGES.encode()).hexdigest()[:12]


def update(
    pipeline_template: Template, folder: Path, *, broadened: bool, accepted: str, compared: bool = True
) -> subprocess.CompletedProcess[str]:
    pipeline = Pipeline(pipeline_template.to_json()["Resources"])
    commands = pipeline.buildspec("UpdatePipeline", "SelfMutate")["phases"]["pre_build"]["commands"]
    (folder / "accepted-changes.txt").write_text(accepted)
    cdk = folder / "bin" / "cdk"
    cdk.parent.mkdir()
    cdk.write_text(
        f"#!/bin/sh\necho $* >> '{folder / 'asked.txt'}'\nprintf '{CHANGES}'\n"
        f"case $* in *broadening*) exit {int(broadened)};; *) exit {int(not compared)};; esac\n"
    )
    cdk.chmod(0o755)
    return subprocess.run(
        ["bash", "-e", "-c", "\n".join(commands)],
        cwd=folder,
        env={**os.environ, "PATH": f"{cdk.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_unbroadened_changes_pass(pipeline_template: Template, tmp_path: Path) -> None:
    assert update(pipeline_template, tmp_path, broadened=False, accepted="").returncode == 0


@pytest.mark.parametrize("accepted", ["", "000000000000\n", f"1{FINGERPRINT}\n"])
def test_broader_permissions_stop_the_update(pipeline_template: Template, tmp_path: Path, accepted: str) -> None:
    done = update(pipeline_template, tmp_path, broadened=True, accepted=accepted)
    assert done.returncode == 1
    assert CHANGES in done.stdout
    printed = done.stdout.partition("with the reason:\n")[2]
    assert tomllib.loads(printed) == {"pipeline": {"accepted_changes": {FINGERPRINT: {"reason": "…"}}}}


def test_make_review_prints_the_same_acceptance_before_the_push(
    pipeline_template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It compares with the same command, so that adding an environment takes one push."""
    update(pipeline_template, tmp_path, broadened=True, accepted="")
    pipeline = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "yawl-delivery"}}
    (tmp_path / "pipeline.json").write_text(json.dumps({"Resources": {"Pipeline": pipeline}}))
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/us-east-1",
        "properties": {"templateFile": "pipeline.json"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"yawl-delivery": artifact}}))
    (tmp_path / "change-reviews.json").write_text("[]")
    settings = tmp_path / "delivery.toml"
    settings.write_text("")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    def stays(*_: object) -> None:
        """Only AWS knows whether it moves (test_change_review_moved_pipeline.py)."""

    monkeypatch.setattr(before_push, "former_place", stays)
    arguments = ["--assembly", str(tmp_path), "--settings", str(settings)]
    assert before_push.main(arguments) == 1
    printed = capsys.readouterr().out
    assert list(tomllib.loads(printed)["pipeline"]["accepted_changes"]) == [FINGERPRINT]
    commands = Pipeline(pipeline_template.to_json()["Resources"]).buildspec("UpdatePipeline", "SelfMutate")
    compared = (tmp_path / "asked.txt").read_text().splitlines()
    assert f"cdk {compared[0]} > changes.txt" in commands["phases"]["pre_build"]["commands"][0]
    assert compared[0] == compared[-2]
    settings.write_text(printed)
    assert before_push.main(arguments) == 0


def test_mail_says_what_to_accept(pipeline_template: Template, tmp_path: Path) -> None:
    done = update(pipeline_template, tmp_path, broadened=True, accepted="")
    it = Recording(log=tuple(done.stdout.splitlines()))
    begun(it)
    failed(it, "UpdatePipeline/SelfMutate", summary="Build terminated with state: FAILED")
    publish_notice(it.events[-2], it, VARIABLES)
    mail = json.loads(it.published[-1]["Message"])["email"]
    assert "stops: the pipeline's own permissions would grow" in mail
    assert f'\n\n[pipeline.accepted_changes.{FINGERPRINT}]\nreason = "…"\n' in mail


def test_accepted_broader_permissions_pass(pipeline_template: Template, tmp_path: Path) -> None:
    done = update(pipeline_template, tmp_path, broadened=True, accepted=f"000000000000\n{FINGERPRINT}\n")
    assert done.returncode == 0, done.stdout + done.stderr


def test_uncomparable_update_always_stops(pipeline_template: Template, tmp_path: Path) -> None:
    done = update(pipeline_template, tmp_path, broadened=True, accepted=f"{FINGERPRINT}\n", compared=False)
    assert done.returncode == 1
    assert "cannot be compared with what is deployed" in done.stdout
    assert "accepted_changes" not in done.stdout


def roles_assumed(app: Synthesized) -> list[tuple[str, str]]:
    """Return every role that the CLI assumes to compare and deploy the pipeline, with its bootstrap tag.

    `cdk diff` and `cdk deploy` include the stacks that the named one depends on.
    """
    artifacts = app.artifacts
    stacks, found = ["yawl-delivery"], list[tuple[str, str]]()
    for name in stacks:
        artifact = artifacts[name]
        others = [one for one in artifact.get("dependencies", []) if artifacts[one]["type"] == artifact["type"]]
        stacks += [one for one in others if one not in stacks]
        properties = artifact["properties"]
        found += [(properties["lookupRole"]["arn"], "lookup"), (properties["assumeRoleArn"], "deploy")]
        assets = json.loads((app.folder / f"{name}.assets.json").read_text())
        destinations = [place for file in assets["files"].values() for place in file["destinations"].values()]
        found += [(place["assumeRoleArn"], "file-publishing") for place in destinations]
    return [(in_text({"Fn::Sub": arn}), tag) for arn, tag in dict.fromkeys(found)]


def may_assume(pipeline: Pipeline, role: str, tag: str) -> bool:
    statements = pipeline.statements("UpdatePipeline", "SelfMutate")
    return allows(statements, "sts:AssumeRole", role, {"iam:ResourceTag/aws-cdk:bootstrap-role": tag})


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_self_mutation_can_assume_the_cli_roles(app: Synthesized) -> None:
    needed = roles_assumed(app)
    assert {tag for _, tag in needed} == {"lookup", "deploy", "file-publishing"}
    assert [role for role, tag in needed if not may_assume(app.pipeline, role, tag)] == []


def test_deployed_pipeline_can_compare_itself_with_one_that_has_further_regions(
    pipeline_template: Template, app_elsewhere: Synthesized
) -> None:
    deployed = Pipeline(pipeline_template.to_json()["Resources"])
    needed = roles_assumed(app_elsewhere)
    assert len([role for role, tag in needed if tag == "lookup"]) > 2
    assert [role for role, tag in needed if not may_assume(deployed, role, tag)] == []


def test_self_mutation_cannot_read_other_accounts(pipeline_template: Template) -> None:
    deployed = Pipeline(pipeline_template.to_json()["Resources"])
    role = "arn:aws:iam::444444444444:role/cdk-hnb659fds-lookup-role-444444444444-us-east-1"
    assert not may_assume(deployed, role, "lookup")


def test_acceptances_and_yawl_releases_do_not_change_the_pipeline(
    settings: Settings, small_app: Synthesized, tmp_path: Path
) -> None:
    one = small(settings)
    accepted = {FINGERPRINT: AcceptedPermissions(reason="a new kind of build needs them")}
    pipeline = one.pipeline.model_copy(update={"accepted_changes": accepted})
    newer = BUILT.model_copy(update={"yawl_version": "6.2", "yawl_sha256": "3d" * 32})
    two = one.model_copy(update={"pipeline": pipeline, "image": newer})
    after = synthesize(two, tmp_path)
    assert images(small_app.folder, "Dev").keys() != images(after.folder, "Dev").keys()
    assert small_app.template("yawl-delivery") == after.template("yawl-delivery")
