"""The base environment of child processes, without the user's AWS settings."""

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
"""Variables passed on: locale, terminal, trusted certificates."""


def machine_environment(home: Path) -> dict[str, str]:
    """Return the base variables of every child, with `home` instead of the user's home.

    The user's home has AWS profiles and cached sign-ins, and AWS's tools would write emulated accounts into it.
    """
    return {
        **{name: os.environ[name] for name in MACHINE if name in os.environ},
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        # The CDK CLI asks the system for the home folder, not the environment.
        "CDK_HOME": str(home / ".cdk"),
    }
