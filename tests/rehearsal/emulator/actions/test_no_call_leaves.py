"""No call leaves for AWS: by whatever name and way a program calls it, the emulator answers or the call is refused.

Every program here is given none of the variables that lead AWS clients to the emulator, and has a net of its own below
the hooks: whatever they let through ends there, so that these tests stay on this machine also where they fail.
"""

import contextlib
import io
import json
import socket
import zipfile
from pathlib import Path

import pytest

from rehearsal.assembly import Assembly
from rehearsal.bootstraps import Bootstrap
from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process import closed_network
from rehearsal.process.cdk_cli import CdkCli, CliChoice
from rehearsal.report.progress import Progress
from tests.rehearsal.emulator.action_runner import Workshop
from tests.rehearsal.emulator.actions.test_build_action import Projects

UNSET = "unset HTTP_PROXY http_proxy HTTPS_PROXY https_proxy $(env | sed -n 's/^\\(AWS_[A-Z_]*\\)=.*/\\1/p')"
"""A build that ignores every variable."""

PYTHON_NET = """
import sys

def refuse(event, arguments):
    host = {"socket.connect": lambda: arguments[1][0], "socket.getaddrinfo": lambda: arguments[0]}.get(event)
    if host and host() != "127.0.0.1":
        sys.exit(f"{host()} would have been called")

sys.addaudithook(refuse)
"""
NODE_NET = """
require('dns').lookup = (host) => {
  console.log(`${host} would have been called`);
  process.exit(1);
};
const { TCP } = process.binding('tcp_wrap');
for (const name of ['connect', 'connect6']) {
  const above = TCP.prototype[name];
  TCP.prototype[name] = function (request, address, ...rest) {
    if (address === '127.0.0.1') return above.call(this, request, address, ...rest);
    console.log(`${address} would have been called`);
    process.exit(1);
  };
}
"""
PYTHON = """
import http.client, net, sys
host, path = sys.argv[1:]
connection = http.client.HTTPSConnection(host, timeout=20)
connection.request("GET", path)
found = connection.getresponse()
print(found.status, found.read().decode()[:200])
"""
NODE = """
require('./net.js');
const [host, path] = process.argv.slice(2);
require('https')
  .get({ host, path, agent: false }, (found) => {
    let body = '';
    found.on('data', (chunk) => (body += chunk));
    found.on('end', () => console.log(found.statusCode, body.slice(0, 200)));
  })
  .on('error', (error) => console.log(error.message));
"""
FETCH = """
require('./net.js');
const [host, path] = process.argv.slice(2);
fetch(`https://${host}${path}`).then(async (found) => console.log(found.status, (await found.text()).slice(0, 200)),
  (error) => console.log(error.cause.message));
"""


@pytest.fixture
def projects(workshop: Workshop) -> Projects:
    workshop.home.client("s3").put_object(Bucket=workshop.bucket, Key="key", Body=b"from the emulator")
    everybody = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{workshop.bucket}/*",
    }
    workshop.home.client("s3").delete_public_access_block(Bucket=workshop.bucket)
    workshop.home.client("s3").put_bucket_policy(Bucket=workshop.bucket, Policy=json.dumps({"Statement": [everybody]}))
    made = Projects(workshop)
    workshop.artifact(
        "Source",
        python__py=PYTHON,
        node__js=NODE,
        fetch__js=FETCH,
        net__py=PYTHON_NET,
        net__js=NODE_NET,
        message__txt="from the server",
    )
    return made


PROGRAMS = ["python3 python.py", "node node.js", "node fetch.js"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_aws_names_reach_the_emulator(projects: Projects, program: str) -> None:
    bucket, region = projects.workshop.bucket, projects.workshop.home.place.region
    hosts = [f"{bucket}.s3.{region}.amazonaws.com", f"{bucket}.s3.amazonaws.com"]
    projects.run(
        UNSET,
        "export NODE_OPTIONS=--enable-source-maps",
        *(f"{program} {host} /key 2>/dev/null" for host in hosts),
        f"{program} s3.{region}.amazonaws.com /{bucket}/key",
        f"{program} 'sts.us-east-1.amazonaws.com' '/?Action=GetCallerIdentity&Version=2011-06-15'",
    )
    assert projects.output[:3] == ["200 from the emulator"] * 3
    # STS answers nobody who has not signed; that it is the emulator's, its error says.
    assert projects.output[3].startswith("403 <ErrorResponse")
    assert "MissingAuthenticationToken" in projects.output[3]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("host", ["awscli.amazonaws.com", "unknown.eu-west-1.api.aws", "cli.cdk.dev-tools.aws.dev"])
def test_unsupported_aws_names_are_refused(projects: Projects, program: str, host: str) -> None:
    projects.run(UNSET, f"{program} {host} / 2>/dev/null")
    assert projects.output == [
        f'403 {{"message": "call to {host} refused: the rehearsal does not emulate this '
        'host and lets no call reach AWS"}'
    ]


RAW = [
    ("python3 -c \"import net, socket; socket.create_connection(('{host}', {port}), 5)\"", "python"),
    ("python3 -c \"import net, socket; socket.socket().connect(('{host}', {port}))\"", "python, unresolved"),
    ("node -r ./net.js -e \"require('net').connect({port}, '{host}')\"", "node"),
    ("node -r ./net.js -e \"require('tls').connect({{port: {port}, host: '{host}'}})\"", "node, tls"),
]


@pytest.mark.parametrize("program", [row[0] for row in RAW], ids=[row[1] for row in RAW])
@pytest.mark.parametrize(
    ("host", "port"), [("169.254.169.254", 80), ("169.254.170.2", 80), ("iot.amazonaws.com", 8883)]
)
def test_no_other_port_answers(projects: Projects, program: str, host: str, port: int) -> None:
    projects.run(f"{program.format(host=host, port=port)} 2>&1 || true")
    assert any(f"call to {host}, port {port}, refused" in line for line in projects.output), projects.output


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest/meta-data/", "https://169.254.170.2/"])
def test_proxies_refuse_metadata_addresses(projects: Projects, address: str) -> None:
    projects.run(f"curl --silent --max-time 20 --write-out '%{{http_code}} %{{http_connect}}' {address} 2>&1 || true")
    output = "\n".join(projects.output)
    assert "502" in output or "403" in output, output


@pytest.mark.parametrize("client", ["curl --silent", "python3 urlopen.py"])
def test_proxy_aware_clients_need_no_hook(projects: Projects, client: str) -> None:
    projects.workshop.artifact(
        "Source",
        urlopen__py="import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=20).read().decode())",
    )
    bucket = projects.workshop.bucket
    projects.run(
        "unset PYTHONPATH",
        *(f"{client} {scheme}://{bucket}.s3.amazonaws.com/key; echo" for scheme in ("http", "https")),
    )
    assert [line for line in projects.output if line] == ["from the emulator"] * 2


@pytest.mark.skipif(not closed_network.works(), reason="this machine lets nobody make a network namespace")
def test_programs_that_ignore_every_variable_reach_no_host(projects: Projects) -> None:
    """A server of this machine that is none of the rehearsal's stands for the world: no packet leaves in any case."""
    with socket.create_server(("127.0.0.1", 0)) as world:
        world.setblocking(False)
        projects.run(
            UNSET,
            "unset PYTHONPATH NODE_OPTIONS",
            f"curl --silent --noproxy '*' --max-time 5 http://127.0.0.1:{world.getsockname()[1]}/ || echo $?",
            "cat /proc/net/dev | grep -c :",
        )
        with pytest.raises(BlockingIOError):
            world.accept()
    could_not_connect, only_loopback = "7", "1"
    assert projects.output == [could_not_connect, only_loopback]


@pytest.mark.skipif(not closed_network.works(), reason="this machine lets nobody make a network namespace")
def test_build_can_reach_its_own_servers(projects: Projects) -> None:
    projects.run(
        "python3 -m http.server --bind 127.0.0.1 8399 2>/dev/null & sleep 0",
        "curl --silent --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:8399/message.txt; echo",
        "kill %1 2>/dev/null || true",
    )
    assert "from the server" in projects.output


FUNCTIONS = {
    "python3.11": (
        "index.py",
        """
import http.client

def handler(event, context):
    connection = http.client.HTTPSConnection(event["host"], timeout=20)
    try:
        connection.request("GET", event["path"])
        return connection.getresponse().read().decode()
    except OSError as error:
        return str(error)
""",
    ),
    "nodejs22.x": (
        "index.js",
        """
exports.handler = (event) => new Promise((resolve) => {
  require('https').get({ ...event, agent: false }, (found) => {
    let body = '';
    found.on('data', (chunk) => (body += chunk));
    found.on('end', () => resolve(body));
  }).on('error', (error) => resolve(error.message));
});
""",
    ),
}


@pytest.mark.parametrize("runtime", FUNCTIONS)
def test_functions_reach_the_emulator_by_aws_names(projects: Projects, runtime: str) -> None:
    account, bucket = projects.workshop.home, projects.workshop.bucket
    file, text = FUNCTIONS[runtime]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr(file, text)
    function = account.client("lambda")
    function.create_function(
        FunctionName="caller",
        Runtime=runtime,
        Handler="index.handler",
        Role=projects.workshop.role(account, "function"),
        Code={"ZipFile": code.getvalue()},
        # The CDK gives functions of Node's this one, for source maps.
        Environment={"Variables": {"NODE_OPTIONS": "--enable-source-maps"}},
        Timeout=30,
    )
    output: dict[str, str] = {}
    for host in ("s3.amazonaws.com", "169.254.169.254"):
        answer = function.invoke(FunctionName="caller", Payload=json.dumps({"host": host, "path": f"/{bucket}/key"}))
        output[host] = json.load(answer["Payload"])
    assert output == {
        "s3.amazonaws.com": "from the emulator",
        "169.254.169.254": "call to 169.254.169.254, port 443, refused: the rehearsal lets no call reach AWS",
    }


def test_setup_commands_reach_the_emulator_by_aws_names(
    projects: Projects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `cdk` that ignores every variable, as the SDK of older ones did, and looks for what it must not see."""
    tools, workshop = tmp_path / "tools", projects.workshop
    tools.mkdir()
    (tools / "net.js").write_text(NODE_NET)
    (tools / "call.js").write_text(NODE)
    cdk = tools / "cdk"
    host = f"{workshop.bucket}.s3.amazonaws.com"
    cdk.write_text(f"#!/bin/sh\nenv; ls -A ~\n{UNSET}\nexec node {tools}/call.js {host} /key\n")
    cdk.chmod(0o755)
    real = {
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_PROFILE": "real",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/real",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/real/token",
    }
    for name, value in real.items():
        monkeypatch.setenv(name, value)
    place = workshop.home.place
    progress = Progress(tmp_path / "logs", lambda _: None)
    with contextlib.suppress(Exception):
        # It deploys no pipeline, which is found out after its calls.
        EmulatorSetup(
            progress, workshop.processes, tmp_path, clis=CliChoice(iter([CdkCli(cdk, "of the test")]))
        ).prepare(workshop.home.cloud, Assembly(tmp_path, "pipeline", "pipeline", place, (Bootstrap(place),)))
    log = progress.set_up.actions[0].log_file.read_text()
    assert "200 from the emulator" in log
    assert [value for value in real.values() if value in log] == []
    assert f"AWS_ACCESS_KEY_ID={place.account}\n" in log
