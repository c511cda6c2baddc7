"""Whether the connection to the repository is ready."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cloud_assembly import PIPELINE
from tools.accounts.checks.context import Site
from tools.accounts.findings import Finding, good, to_fix


def check_connection(site: Site) -> Iterator[Finding]:
    """Ask for the state of each connection that the pipeline's sources use."""
    for _, pipeline in site.assembly.pipeline.of_type(PIPELINE):
        actions = [action for stage in pipeline["Stages"] for action in stage["Actions"]]
        for arn in dict.fromkeys(action["Configuration"].get("ConnectionArn") for action in actions):
            if isinstance(arn, str):
                yield _state(site, arn)


def _state(site: Site, arn: str) -> Finding:
    region = arn.split(":")[3]
    console = f"https://{region}.console.aws.amazon.com/codesuite/settings/connections?region={region}"
    codeconnections = site.client("codeconnections", region)
    try:
        connection = codeconnections.get_connection(ConnectionArn=arn)["Connection"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return to_fix(
            f"has no connection {arn}", f"make one at {console}, and put its ARN into repository.connection_arn"
        )
    name, status = connection.get("ConnectionName", arn), connection["ConnectionStatus"]
    if status == "AVAILABLE":
        return good(f"connection {name} is available")
    if status == "PENDING":
        return to_fix(
            f"connection {name} is pending: the repository's side has not approved it", f"approve it at {console}"
        )
    return to_fix(f"connection {name} is in state {status}", f"delete it and create another one at {console}")
