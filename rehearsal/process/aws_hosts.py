"""AWS's host names, and the hooks that keep a rehearsal's programs from calling them.

The proxies cover programs that respect `HTTP_PROXY` and `HTTPS_PROXY`. Python and Node programs that ignore these, such
as users of the AWS SDK for JavaScript v2, load a hook (in `aws_hooks/`) that connects them to the emulator.
"""

import shlex
import shutil
import uuid
from pathlib import Path

SUFFIXES = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "on.aws",
    "aws.dev",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "api.cloud-aws.adc-e.uk",
    "api.aws.hci.ic.gov",
)
"""Domains of AWS's APIs in every partition (botocore's `partitions.json`), function URLs, and the CDK's notices."""
METADATA = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23")
"""Addresses that return credentials: of EC2 instances, of ECS tasks and CodeBuild builds, and of EKS pods."""

_HOOKS = Path(__file__).with_name("aws_hooks")


def belongs_to_aws(host: str) -> bool:
    """Tell whether a host name or address belongs to AWS."""
    name = host.lower().strip("[]").rstrip(".")
    return name in METADATA or name in SUFFIXES or name.endswith(tuple(f".{suffix}" for suffix in SUFFIXES))


def refusal(host: str) -> str:
    """Return the message for a program whose call is refused."""
    return f"call to {host} refused: the rehearsal does not emulate this host and lets no call reach AWS"


def write_hooks(directory: Path) -> None:
    """Write the hooks to `directory`: for Python (on `PYTHONPATH`), for Node (`--require`), and `bin/node` with it."""
    shutil.copytree(_HOOKS, directory, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    if node := shutil.which("node"):
        write_node(directory / "bin/node", node, directory)


def write_node(program: Path, node: str, directory: Path) -> None:
    """Write a program that starts `node` with the hook in `directory`, whatever NODE_OPTIONS says."""
    program.parent.mkdir(exist_ok=True)
    # Whole at once: functions that begin at the same time start it as soon as it exists.
    part = program.with_name(f"{program.name}-{uuid.uuid4()}")
    part.write_text(f'#!/bin/sh\nexec {shlex.quote(node)} --require {shlex.quote(str(node_hook(directory)))} "$@"\n')
    part.chmod(0o755)
    part.replace(program)


def write_ports(directory: Path, port: int, tls_port: int) -> None:
    """Write the emulator's ports for the hooks in `directory`, which refuse calls until then."""
    rows = [("ports", str(port), str(tls_port)), ("suffixes", *SUFFIXES), ("metadata", *METADATA)]
    (directory / "emulator.txt").write_text("".join(f"{' '.join(row)}\n" for row in rows))


def node_hook(directory: Path) -> Path:
    """Return the file for Node's `--require`."""
    return directory / "node_hook.cjs"
