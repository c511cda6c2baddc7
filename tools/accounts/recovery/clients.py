"""Clients for one stack's account, and the stack that has a resource."""

from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from cloud_assembly import Stack
from jobs.aws_errors import has_no_stack
from tools.accounts.accounts import Accounts
from tools.accounts.live_resources import Client


def reader(accounts: Accounts, stack: Stack) -> Client:
    """Return the clients that read the stack's account."""
    return partial(client, accounts, stack, stack.lookup_role_arn)


def client(accounts: Accounts, stack: Stack, role_arn: str | None, service: str) -> Any:
    """Return a service's client for the stack's account and region, with the role."""
    return accounts.client(service, stack.aws_environment, role_arn=role_arn)


def owner(accounts: Accounts, stack: Stack, physical_id: str) -> str | None:
    """Return the stack that has the resource; None if there is none."""
    cloudformation = client(accounts, stack, stack.lookup_role_arn, "cloudformation")
    try:
        found = cloudformation.describe_stack_resources(PhysicalResourceId=physical_id)["StackResources"]
    except ClientError as error:
        if has_no_stack(error):
            return None
        raise
    held = [item for item in found if item.get("PhysicalResourceId") == physical_id]
    gone = ("DELETE_COMPLETE", "DELETE_SKIPPED")
    return next((item["StackName"] for item in held if item["ResourceStatus"] not in gone), None)
