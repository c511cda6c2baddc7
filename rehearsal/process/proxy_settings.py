"""Proxy, certificate and hook settings that keep a child's calls to AWS on this machine.

They apply to every child, because some clients ignore `AWS_ENDPOINT_URL`.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import certifi

from rehearsal.process.aws_hosts import node_hook

CA_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE")
"""Variables in which clients look for a file of trusted authorities."""


@dataclass(frozen=True)
class ProxySettings:
    """The tunnel, the file of trusted authorities, and the folder of the hooks."""

    tunnel: str
    """The tunnel's URL."""
    authorities: Path
    hooks: Path
    tls_port: int
    """The emulator's TLS port."""

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that make HTTPS clients use the tunnel.

        Keeps the Node options and Python folders of `own`, the child's other variables.
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
    """Write this machine's trusted authorities and `own` (PEM) to `file`."""
    usual = [os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, certifi.where()]
    trusted = next(Path(name) for name in usual if name and Path(name).is_file())
    file.write_text(f"{trusted.read_text()}\n{own}")
