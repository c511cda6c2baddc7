"""What keeps a child's calls to AWS on this machine: the tunnel, the emulator's authority, and the hooks.

It applies to every child, whatever has been deployed: clients that ignore `AWS_ENDPOINT_URL` go by AWS's own names.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import certifi

from rehearsal.process.aws_hosts import node_hook

CA_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE")
"""Variables that name a file of trusted authorities to the clients there are."""


@dataclass(frozen=True)
class ProxySettings:
    """The tunnel, the file of trusted authorities for whoever goes through it, and the folder of the hooks."""

    tunnel: str
    """The tunnel's address."""
    authorities: Path
    hooks: Path
    tls_port: int
    """Where the emulator speaks TLS."""

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that lead every HTTPS client through the tunnel.

        `own` are the child's other variables: options that they give Node, and folders that they give Python, remain.
        """
        return {
            "HTTPS_PROXY": self.tunnel,
            "https_proxy": self.tunnel,
            **dict.fromkeys(CA_BUNDLE_VARIABLES, str(self.authorities)),
            "NODE_OPTIONS": _joined(" ", f'--require="{node_hook(self.hooks)}"', own.get("NODE_OPTIONS")),
            "PYTHONPATH": _joined(os.pathsep, str(self.hooks), own.get("PYTHONPATH")),
        }


def _joined(separator: str, *parts: str | None) -> str:
    return separator.join(filter(None, parts))


def write_authorities(file: Path, own: str) -> None:
    """Write the authorities this machine trusts, and one `own` more (PEM), to `file`."""
    usual = [os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, certifi.where()]
    trusted = next(Path(name) for name in usual if name and Path(name).is_file())
    file.write_text(f"{trusted.read_text()}\n{own}")
