"""Where regions are, to name the nearest one that offers what another lacks."""

from collections.abc import Callable
from math import cos, radians
from typing import Final

PLACES: Final = {
    "af-south-1": (-34, 18),
    "ap-east-1": (22, 114),
    "ap-east-2": (25, 122),
    "ap-northeast-1": (36, 140),
    "ap-northeast-2": (38, 127),
    "ap-northeast-3": (35, 135),
    "ap-south-1": (19, 73),
    "ap-south-2": (17, 78),
    "ap-southeast-1": (1, 104),
    "ap-southeast-2": (-34, 151),
    "ap-southeast-3": (-6, 107),
    "ap-southeast-4": (-38, 145),
    "ap-southeast-5": (3, 102),
    "ap-southeast-6": (-37, 175),
    "ap-southeast-7": (14, 101),
    "ca-central-1": (45, -74),
    "ca-west-1": (51, -114),
    "eu-central-1": (50, 9),
    "eu-central-2": (47, 9),
    "eu-north-1": (59, 18),
    "eu-south-1": (45, 9),
    "eu-south-2": (42, -1),
    "eu-west-1": (53, -6),
    "eu-west-2": (51, 0),
    "eu-west-3": (49, 2),
    "il-central-1": (32, 35),
    "me-central-1": (24, 54),
    "me-south-1": (26, 51),
    "mx-central-1": (21, -100),
    "sa-east-1": (-24, -47),
    "us-east-1": (39, -77),
    "us-east-2": (40, -83),
    "us-west-1": (37, -122),
    "us-west-2": (46, -120),
}
"""Latitude and longitude in whole degrees of the city or state in the region's name (AWS, "Regions and Zones")."""


def by_distance(region: str) -> Callable[[str], float]:
    """Return a sorting key for regions: the distance from this one, good enough for an order."""
    latitude, longitude = PLACES[region]

    def distance(other: str) -> float:
        its_latitude, its_longitude = PLACES[other]
        east = abs(longitude - its_longitude)
        across = min(east, 360 - east) * cos(radians((latitude + its_latitude) / 2))
        return (latitude - its_latitude) ** 2 + across**2

    return distance
