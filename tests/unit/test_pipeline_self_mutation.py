"""What the pipeline does before it updates itself: its own commands, with a `cdk diff` that answers as told."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from aws_cdk.assertions import Template

from settings import Settings
from settings.accepted_changes import AcceptedPermissions
from tests.unit.built_image import BUILT, images
from tests.unit.other_settings import Synthesized, small, synthesize
from tests.unit.pipeline_definition import Pipeline

CHANGES = "+ Allow iam:* on *\n"
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
        f"#!/bin/sh\nprintf '{CHANGES}'\n"
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


def test_changes_that_broaden_nothing_go_through(pipeline_template: Template, tmp_path: Path) -> None:
    assert update(pipeline_template, tmp_path, broadened=False, accepted="").returncode == 0


@pytest.mark.parametrize("accepted", ["", "000000000000\n"])
def test_broader_permissions_stop_the_update_and_say_how_to_go_on(
    pipeline_template: Template, tmp_path: Path, accepted: str
) -> None:
    done = update(pipeline_template, tmp_path, broadened=True, accepted=accepted)
    assert done.returncode == 1
    assert CHANGES in done.stdout
    assert f"[pipeline.accepted_changes.{FINGERPRINT}]" in done.stdout


def test_broader_permissions_that_are_meant_go_through(pipeline_template: Template, tmp_path: Path) -> None:
    done = update(pipeline_template, tmp_path, broadened=True, accepted=f"000000000000\n{FINGERPRINT}\n")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_cannot_be_compared_stops_the_update_whatever_is_accepted(
    pipeline_template: Template, tmp_path: Path
) -> None:
    done = update(pipeline_template, tmp_path, broadened=True, accepted=f"{FINGERPRINT}\n", compared=False)
    assert done.returncode == 1
    assert "cannot be compared with what is deployed" in done.stdout
    assert "accepted_changes" not in done.stdout


def test_it_may_read_its_own_account_through_the_lookup_role(pipeline_template: Template) -> None:
    pipeline = Pipeline(pipeline_template.to_json()["Resources"])
    roles = json.dumps([one["Resource"] for one in pipeline.statements("UpdatePipeline", "SelfMutate")])
    assert "arn:aws:iam::111111111111:role/cdk-hnb659fds-lookup-role-111111111111-us-east-1" in roles


def test_neither_what_is_accepted_nor_another_release_of_yawl_changes_the_pipeline(
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
