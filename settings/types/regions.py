"""AWS regions and availability zones."""

from typing import Annotated

from settings.aws.data import BY_DATA, REGIONS
from settings.validation.constraints import matches, one_of

REGIONS_WITHOUT_COMMON_ZONES = ("ap-northeast-1", "us-west-1")
"""Regions in which not every account has the zones `a` and `b`; newer accounts get others."""

Region = Annotated[str, one_of(REGIONS, "a commercial AWS region such as us-east-1", BY_DATA)]
AvailabilityZone = Annotated[
    str, matches(r"[a-z]{2}(-[a-z]+)+-[0-9][a-f]", "an availability zone: its region and a letter, us-east-1a")
]
