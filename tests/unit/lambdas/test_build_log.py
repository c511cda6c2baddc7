"""The message in a build's log that says why it failed, of every program that the pipeline's builds run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from lambdas.delivery_events.build_log import acceptance, findings
from lambdas.delivery_events.program_messages import failing_line
from tests.paths import ROOT

RECORDED = Path(__file__).with_name("failed_builds.txt")
"""Output of real programs. A line that begins with `=> ` is the message in the lines after it."""


def recorded() -> Iterator[tuple[str, list[str]]]:
    message = ""
    lines: list[str] = []
    for line in [*RECORDED.read_text().splitlines(), "=> "]:
        if line.startswith("=> "):
            if lines:
                yield message, lines
            message = line.removeprefix("=> ")
            lines = []
        else:
            lines.append(line)


CODEBUILD = (
    "[Container] 2026/11/03 12:03:10.120000 Command did not exit successfully make synth exit status 2",
    "[Container] 2026/11/03 12:03:10.130000 Phase complete: BUILD State: FAILED",
    "[Container] 2026/11/03 12:03:10.130000 Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while "
    "executing command: make synth. Reason: exit status 2",
)
"""How the log of every failed command ends."""


@pytest.mark.parametrize(
    ("message", "log"), list(recorded()), ids=lambda value: value[:50] if isinstance(value, str) else ""
)
def test_message_is_the_failing_programs_own(message: str, log: list[str]) -> None:
    assert failing_line(log) == message
    assert failing_line([*log, *CODEBUILD]) == message


STOPPED = (
    "stops: yawl-prod-database: Instance would be replaced",
    "    if this is intended, add to delivery.toml, with the reason:",
    "      [environments.prod.accepted_changes.0a1b2c]",
    '      stack = "database"',
    '      subject = "Instance"',
    '      reason = "…"',
    "",
    "stops: yawl-prod-storage: Archive would be removed",
)
SHORT: dict[str, tuple[str, ...]] = {
    "stops: yawl-prod-database: Instance would be replaced": (
        "prod: resources 1 replaced, in 1 of 7 stacks",
        *STOPPED,
        "STOPPED before any deployment by 2 of 2 findings.",
        "make: *** [Makefile:256: change-review] Error 1",
    ),
    "stops: the pipeline's own permissions would grow, by the change 0a1b2c3d4e5f": (
        "│ + │ ${Notifier/Failed} │ Allow │ lambda:InvokeFunction │ Service:events.amazonaws.com │ │",
        "stops: the pipeline's own permissions would grow, by the change 0a1b2c3d4e5f. If this is intended, add to "
        "delivery.toml, with the reason:",
        "[pipeline.accepted_changes.0a1b2c3d4e5f]",
        'reason = "…"',
    ),
    "Bake failed: yawl-prod-health was in ALARM after the release to prod. (threshold crossed)": (
        "watching yawl-prod-health for 30 minutes",
        "Bake failed: yawl-prod-health was in ALARM after the release to prod.",
        "",
        "  since   2026-11-03 12:00:00+0000",
        "  reason  threshold crossed",
        "make: *** [Makefile:260: bake] Error 1",
    ),
    "yawl-delivery failed: ToolkitError: The stack named yawl-delivery failed to deploy: UPDATE_FAILED: no": (
        "yawl-delivery | 1/5 | 12:00:00 PM | UPDATE_FAILED | AWS::SNS::Topic | Topic no",
        "",
        " ❌  yawl-delivery failed: ToolkitError: The stack named yawl-delivery failed to deploy: UPDATE_FAILED: no",
        "    at FullCloudFormationDeployment.monitorDeployment (/usr/lib/node_modules/aws-cdk/lib/index.js:1:2)",
        "[12:00:01] Notices refreshed",
    ),
    'Delivery/Key (DeliveryKey0A1B2C3D) Resource handler returned message: "no such principal"': (
        "delivery | 1/9 | 10:20:29 PM | CREATE_FAILED     | AWS::IAM::Role | Other (O1) Resource creation cancelled",
        "delivery | 2/9 | 10:20:30 PM | CREATE_FAILED     | AWS::KMS::Key  | Delivery/Key (DeliveryKey0A1B2C3D) "
        'Resource handler returned message: "no such principal"',
        "delivery | 3/9 | 10:20:30 PM | ROLLBACK_COMPLETE | AWS::CloudFormation::Stack  | delivery Rollback complete",
        " ❌  delivery failed to deploy",
        " ‣ DeploymentError: Resource updates failed:",
    ),
    "[Error at /delivery/dev/network] User: build is not authorized to perform: ec2:DescribeAvailabilityZones": (
        "$ npx cdk synth",
        "current credentials could not be used to assume 'arn:aws:iam::111111111111:role/lookup'. Proceeding anyway.",
        "[Error at /delivery/dev/network] User: build is not authorized to perform: ec2:DescribeAvailabilityZones",
        "[Error at /delivery/prod/network] Could not assume role in target account using current credentials",
        "Found errors",
    ),
    "User: build is not authorized to perform: route53:ListHostedZonesByName (Site/Web)": (
        "$ cdk synth",
        "ERROR User: build is not authorized to perform: route53:ListHostedZonesByName (Construct Annotations)",
        "   Site/Web",
        "   Rule Annotation::error-annotation",
        "../../tmp/tmp73ue7e55/lib/program.js:1:5591",
        "WARNING V1 pipeline type is implicitly selected (Construct Annotations)",
        "   Delivery/Pipeline",
        "Synthesis finished with errors",
    ),
    "Error [ERR_PACKAGE_PATH_NOT_EXPORTED]: Package subpath './x' is not defined": (
        "node:internal/modules/esm/resolve:314",
        "  return new ERR_PACKAGE_PATH_NOT_EXPORTED(",
        "         ^",
        "",
        "Error [ERR_PACKAGE_PATH_NOT_EXPORTED]: Package subpath './x' is not defined",
        "    at exportsNotFound (node:internal/modules/esm/resolve:314:10) {",
        "  code: 'ERR_PACKAGE_PATH_NOT_EXPORTED'",
        "}",
        "Node.js v24.19.0",
        "node bin/app.ts: Subprocess exited with error 1",
    ),
    'failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1': (
        "info   : [0%] start: Building yawl Image (current_account-current_region-0a1b)",
        "error  : [50%] fail: docker build --tag cdkasset-0a1b . exited with error code 1: #0 building",
        "#8 [4/5] RUN npm ci",
        '#8 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
        'ERROR: failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
    ),
    "Build has timed out.": (
        "tests/unit/x.py ....",
        "[Container] 2026/11/03 12:03:10 Phase complete: BUILD State: FAILED",
        "[Container] 2026/11/03 12:03:10 Phase context status code: BUILD_TIMED_OUT Message: Build has timed out.",
    ),
    "AccessDenied: cannot download the source": (
        "[Container] 2026/11/03 12:03:10 Phase context status code: CLIENT_ERROR Message: AccessDenied: cannot "
        "download the source",
    ),
    "/codebuild/output/tmp/script.sh: line 4: make: command not found": (
        "/codebuild/output/tmp/script.sh: line 4: make: command not found",
        *CODEBUILD,
    ),
    "tests/unit/test_x.py::test_y FAILED [ 3%]": (
        "collecting",
        "tests/unit/test_x.py::test_y FAILED [ 3%]",
        "make: *** [Makefile:78: check] Error 1",
        "Makefile:29: recipe for target 'check' failed",
    ),
    "one of several targets": (
        "one of several targets",
        "make[1]: *** Waiting for unfinished jobs....",
        "make: *** [x] Error 2",
    ),
    "nothing that a rule knows": ("before", "nothing that a rule knows", "make: *** [Makefile:3: check] Error 2"),
    "": ("[Container] 2026/11/03 12:03:10 Phase complete: BUILD State: SUCCEEDED", "", "make: *** [x] Error 1"),
}
"""Formats that need AWS or Docker, and combinations."""


@pytest.mark.parametrize("message", SHORT)
def test_neither_tables_nor_consequences_are_the_message(message: str) -> None:
    assert failing_line(SHORT[message]) == message


def run(directory: Path, *command: str) -> list[str]:
    """Run a program that fails, and return its output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(directory), "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode != 0
    return (done.stdout + done.stderr).splitlines()


BAD_MODULE = '"""Docs."""\nimport os\n'
BAD_TEST = """
    def test_figures():
        print("stops: not the build's")
        assert 1 == 2
    """
PROGRAMS: dict[str, tuple[dict[str, str], tuple[str, ...], str]] = {
    "ruff format": ({"x.py": BAD_MODULE}, ("ruff", "format", "--check", "x.py"), "unformatted: File would be"),
    "ruff check": ({"x.py": BAD_MODULE}, ("ruff", "check", "--select=F", "x.py"), "F401 [*] `os` imported but unused"),
    "hadolint": ({"Dockerfile": "FROM debian\n"}, ("hadolint", "Dockerfile"), "Dockerfile:1 DL3006 warning: Always"),
    "pytest": (
        {"test_x.py": dedent(BAD_TEST)},
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_x.py"),
        "test_x.py::test_figures: assert 1 == 2",
    ),
    "make": ({"Makefile": "all: missing\n"}, ("make",), "No rule to make target 'missing', needed by 'all'"),
    "a recipe": ({"Makefile": "all:\n\t@echo reason; exit 3\n"}, ("make",), "reason"),
    "Python": ({"x.py": "def f():\n    raise KeyError('a')\nf()\n"}, (sys.executable, "x.py"), "KeyError: 'a'"),
    "settings": (
        {
            "delivery.toml": "nonsense = 1\n",
            "x.py": "from settings import load\nfrom pathlib import Path\n"
            "import sys\ntry: load(Path('delivery.toml'))\nexcept Exception as error: sys.exit(str(error))\n",
        },
        (sys.executable, "x.py"),
        "delivery.toml: ",
    ),
    "bake": ({}, (sys.executable, "-m", "jobs.bake"), "bake: missing or invalid environment variables: ENVIRONMENT is"),
    "change review": (
        {"delivery.toml": ""},
        (sys.executable, "-m", "jobs.change_review", "--environment=dev", "--stage=none"),
        "change review: ",
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_that_fails_now_is_understood(program: str, tmp_path: Path) -> None:
    files, command, begins = PROGRAMS[program]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert failing_line(run(tmp_path, *command)).startswith(begins)


def test_acceptance_is_toml_that_can_be_pasted() -> None:
    assert acceptance([*STOPPED, "", *STOPPED]) == "\n".join(line.strip() for line in STOPPED[2:6])
    assert findings([*STOPPED, *STOPPED]) == [
        "stops: yawl-prod-database: Instance would be replaced",
        "stops: yawl-prod-storage: Archive would be removed",
    ]
    assert acceptance(["[environments.prod.accepted_changes.0a1b]", "no key"]) == ""
