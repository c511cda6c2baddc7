"""Which hosts are AWS's: every partition's, and only AWS's."""

import json
from pathlib import Path

import botocore
import pytest

from rehearsal.process.aws_hosts import SUFFIXES, belongs_to_aws

PARTITIONS = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_text())["partitions"]


@pytest.mark.parametrize("partition", PARTITIONS, ids=[partition["id"] for partition in PARTITIONS])
def test_endpoints_of_every_partition(partition: dict[str, dict[str, str]]) -> None:
    outputs = partition["outputs"]
    assert {outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]} <= set(SUFFIXES)


@pytest.mark.parametrize(
    "host",
    [
        "sts.amazonaws.com",
        "Bucket.S3.eu-west-1.amazonaws.com.",
        "s3.cn-north-1.amazonaws.com.cn",
        "lambda.us-east-1.api.aws",
        "id.lambda-url.us-east-1.on.aws",
        "169.254.169.254",
        "[fd00:ec2::254]",
    ],
)
def test_aws_hosts(host: str) -> None:
    assert belongs_to_aws(host)


@pytest.mark.parametrize(
    "host", ["notamazonaws.com", "amazonaws.com.example.org", "d1.cloudfront.net", "localhost", "169.254.1.1", "aws"]
)
def test_other_hosts(host: str) -> None:
    assert not belongs_to_aws(host)
