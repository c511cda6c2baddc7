"""Which services a region lacks, and the nearest region that has them."""

from collections.abc import Iterable

from settings.aws.data import ABSENT, UNCHECKED_REGIONS, UNCLEAR
from settings.aws.places import by_distance
from settings.aws.services import Service


def absent(needed: Iterable[Service], region: str) -> list[str]:
    """Return the names of the services that a region lacks."""
    return [service.name for service in needed if region in ABSENT.get(service.name, ())]


def unclear(needed: Iterable[Service], region: str) -> list[str]:
    """Return the names of the services of which it is not known whether a region has them."""
    return [
        service.name
        for service in needed
        if region in UNCLEAR.get(service.name, ()) or (region in UNCHECKED_REGIONS and service.endpoint is None)
    ]


def nearest(region: str, having: Iterable[str], what: str = "it") -> str:
    """Name the region of `having` that is nearest to `region`; `what` it has is `it` or `them`."""
    found = min(having, key=by_distance(region), default=None)
    return f"the nearest region that has {what} is {found}" if found else f"no region is known to have {what}"
