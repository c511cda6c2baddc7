"""Images of ECR repositories."""

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.emulator.conftest import Account


def test_image_that_was_never_pushed_does_not_exist(account: Account) -> None:
    ecr = account.client("ecr")
    ecr.create_repository(repositoryName="own")
    assert ecr.describe_images(repositoryName="own")["imageDetails"] == []
    with pytest.raises(
        ClientError, match=r"ImageNotFoundException.*imageTag:'1'\} does not exist within the repository"
    ):
        ecr.describe_images(repositoryName="own", imageIds=[{"imageTag": "1"}])
    manifest = '{"schemaVersion": 2}'
    ecr.put_image(repositoryName="own", imageManifest=manifest, imageTag="1")
    assert len(ecr.describe_images(repositoryName="own", imageIds=[{"imageTag": "1"}])["imageDetails"]) == 1
