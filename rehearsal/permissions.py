"""What becomes of calls to the emulated AWS that the policies do not allow."""

from enum import StrEnum


class Permissions(StrEnum):
    """How permissions are checked; the emulator takes the same words."""

    ENFORCED = "enforced"
    REPORT = "report"
    OFF = "off"
