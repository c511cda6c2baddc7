"""Runs the self-update's commands with the real CLI, against a fake AWS that enforces the build's policy."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import pytest
from aws_cdk.assertions import Template

from lambdas.delivery_events.program_messages import failing_line
from pipeline.steps.self_mutation import ACCEPTED_CHANGES
from tests.faulty_http_server import PROXY_VARIABLES
from tests.paths import ROOT
from tests.policies import Json, allows
from tests.unit.pipeline_definition import Pipeline

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

HOME, REPLICA = "yawl-delivery", "yawl-delivery-us-west-2"
REGIONS = {HOME: "us-east-1", REPLICA: "us-west-2"}
BUILD = "BUILD"
"""The access key of the build's role. An assumed role's access key is its name."""


@dataclass
class Account:
    """The pipeline's account: its deployed templates, and what the self-update build may do."""

    templates: dict[str, Json]
    statements: list[Json]
    endpoint: str = ""
    calls: list[str] = field(default_factory=list)

    def answer(self, key: str, form: dict[str, str], target: str) -> tuple[int, str, str]:
        """Return status, content type and body."""
        action = form.get("Action") or target.rpartition(".")[2]
        self.calls.append(f"{key} {action} {form.get('RoleArn') or form.get('StackName', '')}".strip())
        if action == "AssumeRole":
            return self._assumed(key, form["RoleArn"])
        if action == "GetParameter":
            return 200, "application/x-amz-json-1.1", '{"Parameter": {"Value": "30", "Type": "String"}}'
        name = form.get("StackName", "")
        if action == "GetTemplate" and key == BUILD and not allows(self.statements, "cloudformation:GetTemplate", name):
            return self._denied(f"cloudformation:GetTemplate on resource: {name}")
        stack = {
            "StackName": name,
            "StackId": f"arn:aws:cloudformation:region:111111111111:stack/{name}/1",
            "CreationTime": "2026-11-01T00:00:00Z",
            "StackStatus": "UPDATE_COMPLETE",
        }
        answers = {
            "GetCallerIdentity": {"Account": "111111111111", "Arn": "arn:aws:sts::111111111111:assumed-role/build/1"},
            "GetTemplate": {"TemplateBody": json.dumps(self.templates.get(name))},
            "DescribeStacks": {"Stacks": {"member": stack}},
        }
        return _answered(action, answers[action])

    def _assumed(self, key: str, role: str) -> tuple[int, str, str]:
        name = role.rpartition("/")[2]
        tag = "lookup" if "-lookup-role-" in name else "deploy"
        keys = {"iam:ResourceTag/aws-cdk:bootstrap-role": tag}
        if key != BUILD or not allows(self.statements, "sts:AssumeRole", role, keys):
            return self._denied(f"sts:AssumeRole on resource: {role}")
        credentials = {"AccessKeyId": name, "SecretAccessKey": "x", "SessionToken": "x"}
        return _answered("AssumeRole", {"Credentials": {**credentials, "Expiration": "2099-01-01T00:00:00Z"}})

    @staticmethod
    def _denied(what: str) -> tuple[int, str, str]:
        output = f"User: arn:aws:sts::111111111111:assumed-role/SelfMutationRole/1 is not authorized to perform: {what}"
        return 403, "text/xml", _xml({"ErrorResponse": {"Error": {"Code": "AccessDenied", "Message": output}}})


def _answered(action: str, result: Json) -> tuple[int, str, str]:
    return 200, "text/xml", _xml({f"{action}Response": {f"{action}Result": result}})


def _xml(value: Any) -> str:
    if not isinstance(value, dict):
        return escape(value)
    return "".join(f"<{name}>{_xml(inner)}</{name}>" for name, inner in value.items())


@pytest.fixture
def account(assembly: "CloudAssembly", pipeline_template: Template) -> Generator[Account, None, None]:
    """The account in which the example's pipeline is deployed."""
    pipeline = Pipeline(pipeline_template.to_json()["Resources"])
    account = Account(
        {name: json.loads(Path(assembly.directory, f"{name}.template.json").read_text()) for name in REGIONS},
        pipeline.statements("UpdatePipeline", "SelfMutate"),
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            key = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
            status, kind, text = account.answer(key, form, self.headers.get("X-Amz-Target", ""))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    account.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def compare(
    account: Account, assembly: "CloudAssembly", template: Template, folder: Path, *, accepted: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the build's commands before the deployment, in the assembly."""
    folder = folder / "assembly"
    shutil.copytree(assembly.directory, folder, ignore=shutil.ignore_patterns("asset.*"), dirs_exist_ok=True)
    (folder / ACCEPTED_CHANGES).write_text(f"{accepted}\n")
    specification = Pipeline(template.to_json()["Resources"]).buildspec("UpdatePipeline", "SelfMutate")
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name not in PROXY_VARIABLES
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])
    return subprocess.run(
        ["sh", "-e", "-c", "\n".join(specification["phases"]["pre_build"]["commands"])],
        cwd=folder,
        env={
            **inherited,
            "PATH": path,
            "HOME": str(folder),
            "CI": "true",
            "AWS_ENDPOINT_URL": account.endpoint,
            "AWS_ACCESS_KEY_ID": BUILD,
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_SESSION_TOKEN": "x",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_unchanged_pipeline_is_compared_in_all_regions(
    account: Account, assembly: "CloudAssembly", pipeline_template: Template, tmp_path: Path
) -> None:
    done = compare(account, assembly, pipeline_template, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line] == [
        f"Including dependency stacks: {REPLICA}",
        "✨  Number of stacks with differences: 0",
    ]
    readers = {
        f"cdk-hnb659fds-lookup-role-111111111111-{region} GetTemplate {name}" for name, region in REGIONS.items()
    }
    assert {call for call in account.calls if "GetTemplate" in call} == readers


def test_broader_permissions_in_another_region_stop_the_update(
    account: Account, assembly: "CloudAssembly", pipeline_template: Template, tmp_path: Path
) -> None:
    resources = account.templates[REPLICA]["Resources"]
    [policy] = [name for name in resources if name.startswith("ArtifactStoreBucketPolicy")]
    del resources[policy]
    stopped = compare(account, assembly, pipeline_template, tmp_path)
    assert stopped.returncode == 1
    assert f"Stack {REPLICA}" in stopped.stdout
    assert f"Stack {HOME}\n" not in stopped.stdout
    assert "credentials" not in stopped.stdout
    [found] = re.findall(r"pipeline\.accepted_changes\.(\w+)]", stopped.stdout)
    accepted = compare(account, assembly, pipeline_template, tmp_path, accepted=found)
    assert accepted.returncode == 0, accepted.stdout


def test_unreadable_region_stops_the_update_and_the_mail_says_why(
    account: Account, assembly: "CloudAssembly", pipeline_template: Template, tmp_path: Path
) -> None:
    account.statements = [one for one in account.statements if "lookup-role" not in json.dumps(one["Resource"])]
    done = compare(account, assembly, pipeline_template, tmp_path)
    assert done.returncode == 1
    line = failing_line(done.stdout.splitlines())
    assert line.startswith("stops: the pipeline cannot be compared with what is deployed: User: ")
    assert "is not authorized to perform: cloudformation:GetTemplate" in line
    assert "accepted_changes" not in done.stdout
