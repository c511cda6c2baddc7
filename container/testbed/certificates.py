"""A throwaway certificate authority, and a certificate that it issues for the addresses of one testbed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """PEM files."""

    authority: Path
    certificate: Path
    key: Path


def issue(folder: Path, *, addresses: Sequence[str]) -> Certificates:
    """Create an authority and have it issue a certificate for `addresses`."""
    authority = trustme.CA()
    issued = authority.issue_cert(*addresses)
    files = Certificates(
        authority=folder / "authority.pem", certificate=folder / "certificate.pem", key=folder / "key.pem"
    )
    authority.cert_pem.write_to_path(str(files.authority))
    files.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(files.key))
    files.key.chmod(0o600)
    return files
