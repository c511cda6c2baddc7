"""AWS regions and availability zones."""

from typing import Annotated

from settings.validation.constraints import matches, one_of

COMMERCIAL_REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
"""The regions of the partition `aws`, from botocore 1.43.

China and GovCloud are excluded: CloudFront, ARNs and cross-account roles do not span partitions.
"""

REGIONS_WITHOUT_COMMON_ZONES = ("ap-northeast-1", "us-west-1")
"""Regions in which not every account has the zones `a` and `b`; newer accounts get others."""

Region = Annotated[str, one_of(COMMERCIAL_REGIONS, "a commercial AWS region such as us-east-1")]
AvailabilityZone = Annotated[
    str, matches(r"[a-z]{2}(-[a-z]+)+-[0-9][a-f]", "an availability zone: its region and a letter, us-east-1a")
]
