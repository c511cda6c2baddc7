"""Which hosts are AWS's, and what keeps a rehearsal's programs from calling them.

The proxies reach programs that respect `HTTP_PROXY` and `HTTPS_PROXY`. Python and Node programs that do not, such as
those with the AWS SDK for JavaScript v2, load a hook (in `aws_hooks/`) that connects them to the emulator.
"""

import shlex
import shutil
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
"""Addresses that give credentials: of EC2 instances, of ECS tasks and CodeBuild's builds, and of EKS pods."""

_HOOKS = Path(__file__).with_name("aws_hooks")


def belongs_to_aws(host: str) -> bool:
    """Tell whether a call to this host, a name or an address, would be a call to AWS."""
    name = host.lower().strip("[]").rstrip(".")
    return name in METADATA or name in SUFFIXES or name.endswith(tuple(f".{suffix}" for suffix in SUFFIXES))


def refusal(host: str) -> str:
    """Return what a program is told whose call is not led to the emulator."""
    return f"the rehearsal refuses the call to {host}: it does not emulate this host, and no call leaves for AWS"


def write_hooks(directory: Path) -> None:
    """Write the hooks to `directory`: for Python (on `PYTHONPATH`), for Node (`--require`), and `bin/node` with it."""
    shutil.copytree(_HOOKS, directory, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    if node := shutil.which("node"):
        wrapper = directory / "bin/node"
        wrapper.parent.mkdir(exist_ok=True)
        # A build that sets NODE_OPTIONS itself would lose the hook otherwise.
        wrapper.write_text(
            f'#!/bin/sh\nexec {shlex.quote(node)} --require {shlex.quote(str(node_hook(directory)))} "$@"\n'
        )
        wrapper.chmod(0o755)


def write_ports(directory: Path, port: int, tls_port: int) -> None:
    """Tell the hooks in `directory` where the emulator listens; until then they refuse."""
    rows = [("ports", str(port), str(tls_port)), ("suffixes", *SUFFIXES), ("metadata", *METADATA)]
    (directory / "emulator.txt").write_text("".join(f"{' '.join(row)}\n" for row in rows))


def node_hook(directory: Path) -> Path:
    """Return the file that Node is to load first."""
    return directory / "node_hook.cjs"
