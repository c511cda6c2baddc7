"""`--permissions report` lists what would be refused and lets it be done; `off` looks at nothing."""

import json
from pathlib import Path

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.permissions import Permissions
from rehearsal.report.progress import Progress

PLACE = AwsEnvironment("700000000001", "eu-west-1")
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


@pytest.mark.parametrize(("mode", "listed"), [(Permissions.REPORT, ["sns:ListTopics"]), (Permissions.OFF, [])])
def test_report_mode_makes_unpermitted_calls(tmp_path: Path, mode: Permissions, listed: list[str]) -> None:
    processes = Processes()
    try:
        progress = Progress(tmp_path / "logs", lambda _: None)
        cloud = EmulatorSetup(progress, processes, tmp_path, permissions=mode).start_emulator()
        role = cloud.in_account("iam", PLACE).create_role(
            RoleName="nothing", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]
        credentials = cloud.assume_as_service("codebuild.amazonaws.com", role, "session")
        assert cloud.client("sns", PLACE.region, credentials).list_topics()["Topics"] == []
        found = cloud.permission_summary()
        assert found["mode"] == mode
        assert [item["action"] for item in found["refused"]] == listed
        assert not any(item["enforced"] for item in found["refused"])
    finally:
        processes.end_all()
