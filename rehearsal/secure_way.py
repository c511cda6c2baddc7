"""How builds reach emulated hosts by HTTPS: through the tunnel, trusting the emulator's authority beside the usual."""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi

TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Variables that name a file of trusted authorities to the clients there are."""


@dataclass(frozen=True)
class SecureWay:
    """The tunnel, and the file of trusted authorities for whoever goes through it."""

    tunnel: str
    """The tunnel's address."""
    authorities: Path

    def environment(self) -> dict[str, str]:
        """Return the variables that lead every HTTPS client through the tunnel."""
        return {
            "HTTPS_PROXY": self.tunnel,
            "https_proxy": self.tunnel,
            **dict.fromkeys(TRUST, str(self.authorities)),
        }


def write_authorities(file: Path, own: str) -> None:
    """Write the authorities this machine trusts, and one `own` more (PEM), to `file`."""
    usual = [os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, certifi.where()]
    trusted = next(Path(name) for name in usual if name and Path(name).is_file())
    file.write_text(f"{trusted.read_text()}\n{own}")
