"""Whether commands lead to an emulated AWS on this machine instead of the real one."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def leads_to_emulator(environment: Mapping[str, str]) -> bool:
    """Tell whether `AWS_ENDPOINT_URL` names this machine; what answers there cannot be the real AWS."""
    host = urlsplit(environment.get("AWS_ENDPOINT_URL", "")).hostname
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def emulated_credentials(account: str) -> dict[str, str]:
    """Return the variables that make the emulator act in `account`: it takes an access key of 12 digits for one."""
    return {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "emulated", "AWS_SESSION_TOKEN": ""}
