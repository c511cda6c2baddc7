"""Reads what is deployed, through the read-only lookup roles."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import Stack, UserError
from jobs.assumed_role import assume_role

NEVER_DEPLOYED = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_COMPLETE"}
"""States of a stack that is empty or was never completely created."""
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})


@dataclass
class Reader:
    """Reads deployed stacks, with one client for each role and region."""

    _sessions: dict[tuple[str | None, str], boto3.Session] = field(default_factory=dict)
    _clients: dict[tuple[str | None, str, str], Any] = field(default_factory=dict)

    def template(self, stack: Stack) -> dict[str, Any] | None:
        """Return the deployed template of the stack, or None if it was never deployed. Raise UserError."""
        try:
            client = self._client(stack)
            status = client.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]
            if status in NEVER_DEPLOYED:
                return None
            body = client.get_template(StackName=stack.name, TemplateStage="Original")["TemplateBody"]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise _unreadable(stack, error) from None
        except BotoCoreError as error:
            raise _unreadable(stack, error) from None
        return _parsed(body, stack)

    def names(self, stack: Stack, prefix: str) -> Iterator[str]:
        """Yield the stacks in the account and region of `stack` whose names begin with `prefix`. Raise UserError."""
        try:
            for page in self._client(stack).get_paginator("describe_stacks").paginate():
                for found in page["Stacks"]:
                    if found["StackName"].startswith(prefix) and found["StackStatus"] not in NEVER_DEPLOYED:
                        yield found["StackName"]
        except (BotoCoreError, ClientError) as error:
            raise _unreadable(stack, error) from None

    def execution_policies(self, stack: Stack) -> list[dict[str, Any]]:
        """Return the policies of CloudFormation's execution role in the stack's account. Raise UserError."""
        role = (stack.execution_role_arn or "").rpartition("/")[2]
        try:
            iam = self._client(stack, "iam")
            attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
            inline = iam.list_role_policies(RoleName=role)["PolicyNames"]
            return [
                *(_document(iam, policy["PolicyArn"]) for policy in attached),
                *(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in inline),
            ]
        except (BotoCoreError, ClientError) as error:
            raise _unreadable(stack, error) from None

    def policy(self, stack: Stack, name: str) -> dict[str, Any] | None:
        """Return the account's policy of this name, or None. Raise UserError."""
        try:
            return _document(self._client(stack, "iam"), f"arn:{stack.partition}:iam::{stack.account}:policy/{name}")
        except ClientError as error:
            if error.response["Error"].get("Code") == "NoSuchEntity":
                return None
            raise _unreadable(stack, error) from None
        except BotoCoreError as error:
            raise _unreadable(stack, error) from None

    def _client(self, stack: Stack, service: str = "cloudformation") -> Any:
        place = (stack.lookup_role_arn, stack.region)
        if place not in self._sessions:
            session = boto3.Session(region_name=stack.region)
            if role := stack.lookup_role_arn:
                session = assume_role(session, role, session_name="change-review", config=_CONFIG).session
            self._sessions[place] = session
        if (*place, service) not in self._clients:
            # boto3's overloads know each service by a literal name only.
            session: Any = self._sessions[place]
            self._clients[*place, service] = session.client(service, config=_CONFIG)
        return self._clients[*place, service]


def _document(iam: Any, arn: str) -> dict[str, Any]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _parsed(body: Any, stack: Stack) -> dict[str, Any]:
    """Return the template; botocore has usually parsed it already."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            raise UserError(
                f"the deployed template of {stack.name} is not JSON, so the CDK did not create it; review it by hand"
            ) from None
    return body


def _unreadable(stack: Stack, error: Exception) -> UserError:
    through = f" through {stack.lookup_role_arn}" if stack.lookup_role_arn else ""
    return UserError(
        f"{stack.name} in {stack.account}, {stack.region} cannot be read{through}: {error}\n"
        "Bootstrap the account so that it trusts the pipeline's account for lookups: make bootstrap"
    )
