"""ECR: says that an image does not exist, where ministack answers with an empty list.

Publishers of images ask before they build one (API reference, "DescribeImages", ImageNotFoundException).
"""

from typing import Any

from rehearsal.emulator.internals import service


def register() -> None:
    """Let DescribeImages fail for images that do not exist."""
    ecr = service("ecr")
    original = ecr._describe_images

    def describe(request: dict[str, Any]) -> Any:
        name = request.get("repositoryName", "")
        for image in request.get("imageIds") or [] if name in ecr._repositories else []:
            if ecr._find_image(name, image) is None:
                digest, tag = image.get("imageDigest", "null"), image.get("imageTag", "null")
                return ecr.error_response_json(
                    "ImageNotFoundException",
                    f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the "
                    f"repository with name '{name}' in the registry with id '{ecr._registry_id()}'",
                    400,
                )
        return original(request)

    ecr._describe_images = describe
