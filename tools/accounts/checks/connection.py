"""Checks that the connection to the repository is available."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cloud_assembly import PIPELINE
from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, to_fix


def check_connection(context: CheckContext) -> Iterator[Finding]:
    """Check each connection that the pipeline's sources use."""
    for _, pipeline in context.assembly.pipeline.of_type(PIPELINE):
        actions = [action for stage in pipeline["Stages"] for action in stage["Actions"]]
        for arn in dict.fromkeys(action["Configuration"].get("ConnectionArn") for action in actions):
            if isinstance(arn, str):
                yield _state(context, arn)


def _state(context: CheckContext, arn: str) -> Finding:
    region = arn.split(":")[3]
    console = f"https://{region}.console.aws.amazon.com/codesuite/settings/connections?region={region}"
    codeconnections = context.client("codeconnections", region)
    try:
        connection = codeconnections.get_connection(ConnectionArn=arn)["Connection"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return to_fix(
            f"has no connection {arn}", f"create one at {console} and set repository.connection_arn to its ARN"
        )
    name, status = connection.get("ConnectionName", arn), connection["ConnectionStatus"]
    if status == "AVAILABLE":
        return good(f"connection {name} is available")
    if status == "PENDING":
        return to_fix(f"connection {name} is pending approval", f"approve it at {console}")
    return to_fix(f"connection {name} is in state {status}", f"delete it and create another one at {console}")
