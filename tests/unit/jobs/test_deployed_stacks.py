"""What the review reads of AWS: every page, only what was ever deployed, with one client for each place."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cloud_assembly import AwsEnvironment, Stack, UserError
from jobs.change_review import deployed_stacks
from jobs.change_review.deployed_stacks import MAX_PAGES, NEVER_DEPLOYED, Denied, Reader

STACK = Stack(
    name="yawl-dev-network",
    account="444444444444",
    region="us-east-1",
    template={"Resources": {}},
    lookup_role_arn="arn:aws:iam::444444444444:role/cdk-hnb659fds-lookup-role-444444444444-us-east-1",
    execution_role_arn="arn:aws:iam::444444444444:role/cdk-hnb659fds-cfn-exec-role-444444444444-us-east-1",
)
PIPELINE = Stack(
    name="yawl-delivery",
    account="444444444444",
    region="us-east-1",
    template={"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "yawl-delivery"}}}},
)


def error(code: str, message: str = "message", status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Call",
    )


class Aws:
    """Answers calls from a table, and notes what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> Any:
            self.asked.append((name, given))
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer(given) if callable(answer) else answer

        return call

    def get_paginator(self, name: str) -> Any:
        aws = self

        class Paginator:
            def paginate(self, **given: Any) -> Iterable[Any]:
                answer = getattr(aws, name)(**given)
                return iter(answer if isinstance(answer, list) else [answer])

        return Paginator()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes a reader of these answers."""

    def make(**answers: Any) -> tuple[Reader, Aws]:
        aws, made = Aws(**answers), Reader()

        def client(*_: Any) -> Aws:
            return aws

        monkeypatch.setattr(made, "_client", client)
        return made, aws

    return make


def stacks(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "yawl-dev-network", "StackStatus": status}]}


class TestTemplate:
    @pytest.mark.parametrize("status", sorted(NEVER_DEPLOYED))
    def test_stack_that_is_empty_was_never_deployed(self, reader: Any, status: str) -> None:
        made, aws = reader(describe_stacks=stacks(status))
        assert made.template(STACK) is None
        assert made.deployed(STACK) is None
        assert {name for name, _ in aws.asked} == {"describe_stacks"}

    @pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "DELETE_FAILED"])
    @pytest.mark.parametrize("body", [{"Resources": {"R": {}}}, '{"Resources": {"R": {}}}'])
    def test_template_as_it_was_uploaded(self, reader: Any, status: str, body: object) -> None:
        made, aws = reader(describe_stacks=stacks(status), get_template={"TemplateBody": body})
        assert made.template(STACK) == {"Resources": {"R": {}}}
        assert made.deployed(STACK) == replace(STACK, template={"Resources": {"R": {}}})
        assert aws.asked[1] == ("get_template", {"StackName": "yawl-dev-network", "TemplateStage": "Original"})

    def test_template_of_somebody_else(self, reader: Any) -> None:
        made, _ = reader(describe_stacks=stacks("CREATE_COMPLETE"), get_template={"TemplateBody": "Resources:\n  R:"})
        with pytest.raises(UserError, match="is not JSON, so the CDK did not create it"):
            made.template(STACK)


CALLS: dict[str, Callable[[Reader], Any]] = {
    "template": lambda made: made.template(STACK),
    "stacks_at": lambda made: made.stacks_at(STACK, "yawl"),
    "bootstrapped_regions": lambda made: made.bootstrapped_regions(STACK),
    "deployed_by": lambda made: made.deployed_by(PIPELINE),
    "execution_policies": lambda made: made.execution_policies(STACK),
    "policy": lambda made: made.policy(STACK, "boundary"),
}
FIRST_CALLS = (
    *("describe_stacks", "list_roles", "list_action_executions", "list_attached_role_policies", "get_policy"),
)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("answer", "raised", "text"),
    [
        (error("AccessDenied", status=403), Denied, "Bootstrap the account so that it trusts"),
        (error("InternalError", status=500), UserError, "cannot be read"),
        (EndpointConnectionError(endpoint_url="https://aws"), UserError, "cannot be read"),
    ],
    ids=["denied", "broken", "unreachable"],
)
def test_what_cannot_be_read_is_not_taken_for_absent(
    reader: Any, name: str, answer: Exception, raised: type[Exception], text: str
) -> None:
    made, _ = reader(**dict.fromkeys(FIRST_CALLS, answer))
    with pytest.raises(UserError, match=text) as found:
        CALLS[name](made)
    assert type(found.value) is raised


class TestLists:
    def test_stacks_of_all_pages(self, reader: Any) -> None:
        def page(*names: tuple[str, str]) -> dict[str, Any]:
            return {"Stacks": [{"StackName": name, "StackStatus": status} for name, status in names]}

        made, _ = reader(
            describe_stacks=[
                page(("yawl-b", "CREATE_COMPLETE"), ("other", "CREATE_COMPLETE"), ("yawl-gone", "DELETE_COMPLETE")),
                page(("yawl-a", "UPDATE_COMPLETE"), ("yawl-empty", "REVIEW_IN_PROGRESS")),
            ]
        )
        assert made.stacks_at(STACK, "yawl-") == ["yawl-a", "yawl-b"]

    def test_bootstrapped_regions(self, reader: Any) -> None:
        prefix = "cdk-hnb659fds-lookup-role-444444444444-"
        pages = [
            {"Roles": [{"RoleName": f"{prefix}us-west-2"}, {"RoleName": "admin"}]},
            {"Roles": [{"RoleName": f"{prefix}eu-central-1"}]},
        ]
        made, aws = reader(list_roles=pages)
        assert made.bootstrapped_regions(STACK) == ["eu-central-1", "us-west-2"]
        aws.asked.clear()
        for role in (None, "arn:aws:iam::444444444444:role/lookup"):
            assert made.bootstrapped_regions(replace(STACK, lookup_role_arn=role)) == ["us-east-1"]
        assert not aws.asked

    def test_what_the_pipeline_deployed(self, reader: Any) -> None:
        def action(region: str, **given: str) -> dict[str, Any]:
            return {"input": {"region": region, "resolvedConfiguration": given}}

        role = "arn:aws:iam::222222222222:role/cdk-deploy"
        pages = [
            {
                "actionExecutionDetails": [
                    action("us-east-1", StackName="yawl-dev-network", RoleArn=role),
                    action("us-east-1", StackName="without-a-role"),
                    action("us-east-1", RoleArn=role),
                    {"input": {"region": "us-east-1"}},
                ]
            },
            {"actionExecutionDetails": [action("us-west-2", StackName="yawl-dev-copies", RoleArn=role)]},
            *[{"actionExecutionDetails": list[Any]()}] * (MAX_PAGES - 3),
            {"actionExecutionDetails": [action("us-east-1", StackName="in the last page", RoleArn=role)]},
            {"actionExecutionDetails": [action("us-east-1", StackName="too long ago", RoleArn=role)]},
        ]
        made, aws = reader(list_action_executions=pages)
        assert made.deployed_by(PIPELINE) == {
            (AwsEnvironment("222222222222", "us-east-1"), "yawl-dev-network"),
            (AwsEnvironment("222222222222", "us-west-2"), "yawl-dev-copies"),
            (AwsEnvironment("222222222222", "us-east-1"), "in the last page"),
        }
        assert aws.asked == [
            ("list_action_executions", {"pipelineName": "yawl-delivery", "PaginationConfig": {"PageSize": 100}})
        ]

    def test_pipeline_that_does_not_exist_has_deployed_nothing(self, reader: Any) -> None:
        made, _ = reader(list_action_executions=error("PipelineNotFoundException"))
        assert made.deployed_by(PIPELINE) == frozenset()

    def test_policies_of_the_execution_role(self, reader: Any) -> None:
        made, aws = reader(
            list_attached_role_policies={"AttachedPolicies": [{"PolicyArn": "arn:1"}, {"PolicyArn": "arn:2"}]},
            list_role_policies={"PolicyNames": ["inline"]},
            get_policy=_version,
            get_policy_version=_attached,
            get_role_policy=_inline,
        )
        assert made.execution_policies(STACK) == [{"is": "v of arn:1"}, {"is": "v of arn:2"}, {"is": "inline"}]
        role = "cdk-hnb659fds-cfn-exec-role-444444444444-us-east-1"
        assert aws.asked[0] == ("list_attached_role_policies", {"RoleName": role})

    def test_policy_of_the_account(self, reader: Any) -> None:
        made, aws = reader(
            get_policy={"Policy": {"DefaultVersionId": "v3"}}, get_policy_version={"PolicyVersion": {"Document": {}}}
        )
        assert made.policy(STACK, "boundary") == {}
        arn = "arn:aws:iam::444444444444:policy/boundary"
        assert aws.asked[1] == ("get_policy_version", {"PolicyArn": arn, "VersionId": "v3"})
        absent, _ = reader(get_policy=error("NoSuchEntity"))
        assert absent.policy(STACK, "boundary") is None


def _version(given: Any) -> object:
    return {"Policy": {"DefaultVersionId": f"v of {given['PolicyArn']}"}}


def _attached(given: Any) -> object:
    return {"PolicyVersion": {"Document": {"is": given["VersionId"]}}}


def _inline(given: Any) -> object:
    return {"PolicyDocument": {"is": given["PolicyName"]}}


class TestClients:
    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
        """The sessions and clients that are made."""
        found: list[tuple[str, ...]] = []

        class Session:
            def __init__(self, *, region_name: str) -> None:
                self.region = region_name
                found.append(("session", region_name))

            def client(self, service: str, *, config: object) -> str:
                assert config is deployed_stacks._CONFIG
                found.append(("client", service, self.region))
                return f"{service} {self.region}"

        def through(session: Session, stack: Stack) -> Session:
            found.append(("role", stack.lookup_role_arn or ""))
            return session

        monkeypatch.setattr(deployed_stacks.boto3, "Session", Session)
        monkeypatch.setattr(deployed_stacks, "_through_role", through)
        return found

    def test_one_for_each_role_region_and_service(self, made: list[tuple[str, ...]]) -> None:
        reader = Reader()
        role = STACK.lookup_role_arn or ""
        for _ in range(2):
            assert reader._client(STACK) == "cloudformation us-east-1"
            assert reader._client(STACK, "iam") == "iam us-east-1"
            assert reader._client(replace(STACK, region="us-west-2")) == "cloudformation us-west-2"
            assert reader._client(PIPELINE, "codepipeline") == "codepipeline us-east-1"
        assert made == [
            *[("session", "us-east-1"), ("role", role), ("client", "cloudformation", "us-east-1")],
            ("client", "iam", "us-east-1"),
            *[("session", "us-west-2"), ("role", role), ("client", "cloudformation", "us-west-2")],
            *[("session", "us-east-1"), ("client", "codepipeline", "us-east-1")],
        ]

    @pytest.mark.parametrize(
        ("code", "account", "reads"),
        [
            ("AccessDenied", "444444444444", True),
            ("AccessDenied", "555555555555", False),
            ("InternalError", "444444444444", False),
        ],
    )
    def test_own_credentials_are_for_ones_own_account_only(
        self, monkeypatch: pytest.MonkeyPatch, code: str, account: str, reads: bool
    ) -> None:
        def assume(*_: object, **given: object) -> None:
            assert given["session_name"] == "change-review"
            raise error(code, status=403 if code == "AccessDenied" else 500)

        class Session:
            def client(self, service: str, *, config: object) -> Aws:
                assert (service, config) == ("sts", deployed_stacks._CONFIG)
                return Aws(get_caller_identity={"Account": account})

        session: Any = Session()
        monkeypatch.setattr(deployed_stacks, "assume_role", assume)
        if reads:
            assert deployed_stacks._through_role(session, STACK) is session
        else:
            with pytest.raises(ClientError):
                deployed_stacks._through_role(session, STACK)
