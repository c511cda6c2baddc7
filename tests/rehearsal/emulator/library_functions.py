"""The functions behind the CDK library's custom resources, deployed as the library deploys them."""

import functools
import io
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.rehearsal.emulator.action_runner import powerful_role

HANDLERS = {
    "Custom::AWS": "custom-resources/aws-custom-resource-handler",
    "Custom::S3AutoDeleteObjects": "aws-s3/auto-delete-objects-handler",
    "Custom::VpcRestrictDefaultSG": "aws-ec2/restrict-default-security-group-handler",
}
"""Folders of the library's handlers by resource type."""
ENTRY_POINT = "core/nodejs-entrypoint-handler"
"""What sends the answers of handlers that send none themselves."""


def library_function(account: Any, resource_type: str) -> str:
    """Create the function of a resource type in the account, for any call; return its ARN."""
    answers = resource_type != "Custom::VpcRestrictDefaultSG"
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("index.js", _sources()[HANDLERS[resource_type]])
        archive.writestr("__entrypoint__.js", _sources()[ENTRY_POINT])
    name = resource_type.replace("::", "-")
    created = account.client("lambda").create_function(
        FunctionName=name,
        Runtime="nodejs22.x",
        Role=powerful_role(account, name),
        Handler="index.handler" if answers else "__entrypoint__.handler",
        Code={"ZipFile": memory.getvalue()},
        Timeout=60,
    )
    return created["FunctionArn"]


@functools.cache
def _sources() -> dict[str, bytes]:
    """Return the code of the handlers by folder, from the library's package for Node."""
    found = find_spec("aws_cdk")
    assert found
    assert found.origin
    [package] = Path(found.origin).parent.glob("_jsii/aws-cdk-lib@*.tgz")
    sources: dict[str, bytes] = {}
    with tarfile.open(package) as archive:
        for folder in (*HANDLERS.values(), ENTRY_POINT):
            file = archive.extractfile(f"package/custom-resource-handlers/dist/{folder}/index.js")
            assert file
            sources[folder] = file.read()
    return sources
