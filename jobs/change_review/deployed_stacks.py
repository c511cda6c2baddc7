"""Reads what is deployed, through the read-only lookup roles."""

import json
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import PIPELINE, AwsEnvironment, Stack, UserError
from jobs.assumed_role import assume_role
from jobs.aws_errors import code_of, explained, has_no_stack, is_denied

NEVER_DEPLOYED = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_COMPLETE"}
"""States of a stack that is empty or was never completely created."""
MAX_PAGES: Final = 30
"""Pages of the pipeline's history to read, each of 100 actions: the last 60 deliveries to three environments."""
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})


class Denied(UserError):  # noqa: N818 - an answer of AWS, which callers may expect
    """AWS denies access to an account or region."""


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
            if has_no_stack(error):
                return None
            raise _unreadable(stack, error) from None
        except BotoCoreError as error:
            raise _unreadable(stack, error) from None
        return _parsed(body, stack)

    def deployed(self, stack: Stack) -> Stack | None:
        """Return the stack with its deployed template, or None if it is not deployed. Raise UserError."""
        template = self.template(stack)
        return replace(stack, template=template) if template else None

    def stacks_at(self, stack: Stack, prefix: str) -> list[str]:
        """Return the stacks in the account and region of `stack` whose names begin with `prefix`. Raise UserError."""
        try:
            pages = self._client(stack).get_paginator("describe_stacks").paginate()
            found = [one for page in pages for one in page["Stacks"] if one["StackStatus"] not in NEVER_DEPLOYED]
        except (BotoCoreError, ClientError) as error:
            raise _unreadable(stack, error) from None
        return sorted(one["StackName"] for one in found if one["StackName"].startswith(prefix))

    def bootstrapped_regions(self, stack: Stack) -> list[str]:
        """Return the regions with a CDK bootstrap in the stack's account, by their lookup roles. Raise UserError."""
        role = (stack.lookup_role_arn or "").rpartition("/")[2]
        prefix = role.removesuffix(stack.region)
        if prefix == role:
            return [stack.region]
        try:
            pages = self._client(stack, "iam").get_paginator("list_roles").paginate()
            names = [one["RoleName"] for page in pages for one in page["Roles"]]
        except (BotoCoreError, ClientError) as error:
            raise _unreadable(stack, error) from None
        return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))

    def deployed_by(self, pipeline: Stack) -> frozenset[tuple[AwsEnvironment, str]]:
        """Return what the pipeline has deployed, as place and stack name, as far back as `MAX_PAGES` go.

        It has deployed nothing if it does not exist yet. Raise UserError.
        """
        [(_, properties), *_] = pipeline.of_type(PIPELINE)
        found: set[tuple[AwsEnvironment, str]] = set()
        try:
            pages = (
                self._client(pipeline, "codepipeline")
                .get_paginator("list_action_executions")
                .paginate(pipelineName=pipeline.text(properties["Name"]), PaginationConfig={"PageSize": 100})
            )
            for page in islice(pages, MAX_PAGES):
                for action in page["actionExecutionDetails"]:
                    given = action["input"].get("resolvedConfiguration", {})
                    if "StackName" in given and "RoleArn" in given:
                        place = AwsEnvironment(given["RoleArn"].split(":")[4], action["input"]["region"])
                        found.add((place, given["StackName"]))
        except ClientError as error:
            if code_of(error) != "PipelineNotFoundException":
                raise _unreadable(pipeline, error) from None
        except BotoCoreError as error:
            raise _unreadable(pipeline, error) from None
        return frozenset(found)

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
            if code_of(error) == "NoSuchEntity":
                return None
            raise _unreadable(stack, error) from None
        except BotoCoreError as error:
            raise _unreadable(stack, error) from None

    def _client(self, stack: Stack, service: str = "cloudformation") -> Any:
        place = (stack.lookup_role_arn, stack.region)
        if place not in self._sessions:
            session = boto3.Session(region_name=stack.region)
            self._sessions[place] = _through_role(session, stack) if stack.lookup_role_arn else session
        if (*place, service) not in self._clients:
            # boto3's overloads know each service by a literal name only.
            session: Any = self._sessions[place]
            self._clients[*place, service] = session.client(service, config=_CONFIG)
        return self._clients[*place, service]


def _through_role(session: boto3.Session, stack: Stack) -> boto3.Session:
    """Return a session of the stack's lookup role; the caller's own if that may not be assumed in their own account."""
    role = stack.lookup_role_arn or ""
    try:
        return assume_role(session, role, session_name="change-review", config=_CONFIG).session
    except ClientError as error:
        if not is_denied(error):
            raise
        if session.client("sts", config=_CONFIG).get_caller_identity()["Account"] != stack.account:
            raise
        return session


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
    what = f"{stack.name} in {stack.account}, {stack.region} cannot be read{through}"
    if is_denied(error):
        return Denied(
            f"{what}: {error}\n"
            "Bootstrap the account so that it trusts the pipeline's account for lookups: make bootstrap"
        )
    if code_of(error) == "NoSuchEntity":
        return UserError(f"{what}: {error}\nBootstrap the account, which makes this role: make bootstrap")
    return UserError(f"{what}: {explained(error, '')}")
