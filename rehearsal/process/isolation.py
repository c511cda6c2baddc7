"""What a child process sees of the user's machine: enough to run on it, nothing that leads to a real account."""

import os
from pathlib import Path

MACHINE = (
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TERM",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
"""Variables of the user's that say what the machine is like: its language, its terminal, whom it trusts."""


def machine_environment(home: Path) -> dict[str, str]:
    """Return the variables every child starts from, with `home` in place of the user's own folder.

    That one holds profiles, cached sign-ins and settings of AWS's tools, and they would leave traces of the emulated
    accounts in it.
    """
    return {
        **{name: os.environ[name] for name in MACHINE if name in os.environ},
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        # The CDK's command line asks the system for the user's folder, not the environment.
        "CDK_HOME": str(home / ".cdk"),
    }
