"""The generated policies allow CloudFormation everything that the stacks need, and no more."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from cloud_assembly import Stack, UserError, read
from execution_policies.boundary import _widest
from execution_policies.coverage import Lack, lacks
from execution_policies.errors import PolicyError
from execution_policies.generate import AccountPolicies, generate, table, write
from execution_policies.names import NAMINGS
from execution_policies.needs import (
    BOUNDARY,
    NEVER,
    ONLY_WITH,
    SERVICE_LINKED_ROLES,
    WITHOUT_HANDLERS,
    actions_of,
    boundary_arn,
    is_read,
)
from execution_policies.reference import arn_format, handler_permissions, resource_types
from execution_policies.statements import MOST_CHARACTERS, MOST_POLICIES, Statement, document, packed, size
from settings import Settings
from tests.provider_schemas import schema_of
from tests.unit.other_settings import Synthesized, only, skip_with_example_only, synthesize

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

DEV = "222222222222"
BOUND = f"arn:aws:iam::{DEV}:policy/{BOUNDARY}"
ROLE = f"arn:aws:iam::{DEV}:role/yawl-dev-application-TaskTaskRole8F1A3C2B-AbCdEf123456"


@pytest.fixture(scope="session")
def policies(assembly: "CloudAssembly") -> dict[str, AccountPolicies]:
    """Generate the policies of the example's accounts."""
    return {one.account: one for one in generate(Path(assembly.directory))}


def is_allowed(of: AccountPolicies, action: str, resource: str, **context: str) -> bool:
    """Ask the emulator's engine whether the policies allow it; `context` contains IAM's condition keys."""
    request = EvalContext(
        principal_arn=f"arn:aws:sts::{of.account}:assumed-role/cfn-exec-role/AWSCloudFormation",
        principal_type="AssumedRole",
        principal_account=of.account,
        action=action,
        resource_arn=resource,
        region=of.region,
        service_context={f"iam:{key}".lower(): value for key, value in context.items()},
    )
    documents = [parse_policy_document(json.dumps(policy)) for policy in of.policies.values()]
    return evaluate(request, documents).decision == "Allow"


# Names that AWS generates, listed independently of the tables that the policies are generated from.
SHORT = {"AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"}
BY_LOGICAL_ID = {"AWS::SecretsManager::Secret", "AWS::CodeBuild::Project"}
LOWER = {"AWS::S3::Bucket", "AWS::RDS::DBParameterGroup", "AWS::RDS::DBSubnetGroup", "AWS::ElastiCache::SubnetGroup"}
NAME_PROPERTIES = {
    "AWS::Backup::BackupVault": "BackupVaultName",
    "AWS::Backup::RestoreTestingPlan": "RestoreTestingPlanName",
    "AWS::Chatbot::SlackChannelConfiguration": "ConfigurationName",
    "AWS::CloudFront::Function": "Name",
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::WAFv2::WebACL": "Name",
}
IN_THE_ARN = {
    "AWS::Backup::RestoreTestingPlan": "{}-1b2c3d4e-0000-0000-0000-000000000000",
    "AWS::Chatbot::SlackChannelConfiguration": "slack-channel/{}",
    "AWS::ECS::Service": "yawl-{environment}/{}",
    "AWS::ECS::TaskDefinition": "task-definition/{}:7",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "{}/50dc6c495c0c9188",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "{}/73e2d6bc24d8a067",
    "AWS::Logs::LogGroup": "{}:*",
    "AWS::SecretsManager::Secret": "{}-a1B2c3",
    "AWS::WAFv2::WebACL": "global/webacl/{}/1b2c3d4e-0000-0000-0000-000000000000",
}


def physical_name(stack: Stack, logical_id: str, resource: Mapping[str, Any]) -> str:
    """Return the names that AWS may give the resource."""
    kind = resource["Type"]
    given = resource.get("Properties", {}).get(NAME_PROPERTIES.get(kind, ""))
    if given is not None:
        return stack.text(given).removeprefix("alias/")
    if kind in SHORT:
        return f"{stack.name[:6].strip('-')}-{logical_id[:5]}-1A2B3C4D5E6F"
    if kind in BY_LOGICAL_ID:
        return f"{logical_id[:30]}-1A2B3C4D5E6F"
    name = f"{stack.name}-{logical_id[:24]}-1A2B3C4D5E6F"
    return name.lower() if kind in LOWER else name


def own_arns(stack: Stack, logical_id: str, resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the ARNs of a resource with a name, by service and type."""
    kind = resource["Type"]
    if kind not in NAMINGS:
        return {}
    environment = stack.family.removeprefix("yawl-")
    name = IN_THE_ARN.get(kind, "{}").format(physical_name(stack, logical_id, resource), environment=environment)
    return {one: arn(stack, one, name) for one in NAMINGS[kind].arns}


def arn(stack: Stack, kind: str, name: str) -> str:
    """Return the ARN of a service's type with this name in the stack's account and region."""
    pattern = arn_format(*kind.split(":", 1)).replace("${Partition}", "aws").replace("${Region}", stack.region)
    return pattern.replace("${Account}", stack.account).removesuffix(".*") + name


def requests(stack: Stack, logical_id: str, resource: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield every call that the deployment of a resource needs: action, resource, and condition keys."""
    own = own_arns(stack, logical_id, resource)
    bound = boundary_arn([stack])
    for action in sorted(actions_of(resource["Type"], resource.get("Properties", {})) - set(NEVER)):
        service = action.partition(":")[0]
        kinds = [f"{service}:{one}" for one in resource_types(action) or ()]
        if action == "iam:PassRole":
            yield (
                action,
                f"arn:aws:iam::{stack.account}:role/{stack.name}-SomeRole-1A2B",
                {"PassedToService": "lambda.amazonaws.com"},
            )
        elif action == "iam:CreateServiceLinkedRole":
            for name in SERVICE_LINKED_ROLES.get(resource["Type"], ()):
                role = f"arn:aws:iam::{stack.account}:role/aws-service-role/{name}/AWSServiceRoleForX"
                yield action, role, {"AWSServiceName": name}
        elif service == "iam" and kinds:
            role = own.get("iam:role", f"arn:aws:iam::{stack.account}:role/{stack.name}-SomeRole-1A2B")
            policies = resource.get("Properties", {}).get("ManagedPolicyArns", [])
            for policy in policies if action.endswith("tachRolePolicy") else [""]:
                yield action, role, {"PermissionsBoundary": bound, "PolicyARN": stack.text(policy)}
        elif action in ("s3:GetObject", "s3:GetObjectVersion"):
            bucket = f"cdk-hnb659fds-assets-{stack.account}-{stack.region}"
            yield action, f"arn:aws:s3:::{bucket}/0a1b2c.zip", {}
        elif action == "lambda:InvokeFunction":
            yield action, f"arn:aws:lambda:{stack.region}:{stack.account}:function:{stack.name}-Handler-1A2B", {}
        elif mine := [own[kind] for kind in kinds if kind in own]:
            yield from ((action, one, {}) for one in mine)
        elif not kinds:
            # Calls that are in schemas but not in AWS's reference apply to the resource itself.
            yield action, "*" if resource_types(action) == () or not own else next(iter(own.values())), {}
        elif not any(kind in naming.arns for kind in kinds for naming in NAMINGS.values()):
            yield action, arn(stack, _identified(kinds), "0a1b2c"), {}


def _identified(kinds: Sequence[str]) -> str:
    """Return the type that a request with an identifier of AWS's is about: of a database's snapshots the database's."""
    return next((kind for kind in kinds if "snapshot" not in kind), kinds[0])


def test_policies_cover_every_stack(assembly: "CloudAssembly", policies: dict[str, AccountPolicies]) -> None:
    asked = [
        (stack, request)
        for stack in read(Path(assembly.directory)).stacks
        for logical_id, resource in stack.resources.items()
        for request in requests(stack, logical_id, resource)
    ]
    known: dict[tuple[str, str, str, str], bool] = {}
    refused: set[str] = set()
    for stack, (action, resource, context) in asked:
        key = (stack.account, action, resource, str(context))
        if key not in known:
            known[key] = is_allowed(policies[stack.account], action, resource, **context)
        if not known[key]:
            refused.add(f"{stack.name}: {action} on {resource} {context or ''}")
    assert "\n".join(sorted(refused)) == ""
    assert len(known) > 2_000


def test_handler_actions_are_allowed_or_excluded_with_a_reason(assembly: "CloudAssembly") -> None:
    left_out = {
        (resource["Type"], action)
        for stack in read(Path(assembly.directory)).stacks
        for resource in stack.resources.values()
        for action in handler_permissions(resource["Type"]) or ()
        if action not in actions_of(resource["Type"], resource.get("Properties", {}))
    }
    reasons = {kind for kind, _, _ in ONLY_WITH}
    for kind, action in left_out:
        assert kind in reasons or any(kind.startswith(one.rstrip("*")) for one in reasons if one.endswith("*"))
        assert not is_read(action)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:CreateRole", ROLE, {}),
        ("iam:CreateRole", ROLE, {"PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        ("iam:CreateRole", f"arn:aws:iam::{DEV}:role/somebody-else", {"PermissionsBoundary": BOUND}),
        ("iam:PutRolePolicy", ROLE, {}),
        ("iam:PutRolePolicy", f"arn:aws:iam::{DEV}:role/cdk-hnb659fds-cfn-exec-role-{DEV}-us-east-1", {}),
        (
            "iam:PutRolePolicy",
            f"arn:aws:iam::{DEV}:role/cdk-hnb659fds-cfn-exec-role-{DEV}-us-east-1",
            {"PermissionsBoundary": BOUND},
        ),
        (
            "iam:AttachRolePolicy",
            ROLE,
            {"PermissionsBoundary": BOUND, "PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
        ("iam:PutRolePermissionsBoundary", ROLE, {"PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}),
        ("iam:DeleteRolePermissionsBoundary", ROLE, {"PermissionsBoundary": BOUND}),
        ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{DEV}:role/cdk-hnb659fds-deploy-role-{DEV}-us-east-1", {}),
        ("iam:PassRole", ROLE, {"PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", f"arn:aws:iam::{DEV}:role/admin", {"PassedToService": "lambda.amazonaws.com"}),
        (
            "iam:CreateServiceLinkedRole",
            f"arn:aws:iam::{DEV}:role/aws-service-role/organizations.amazonaws.com/AWSServiceRoleForOrganizations",
            {"AWSServiceName": "organizations.amazonaws.com"},
        ),
        ("iam:CreatePolicyVersion", BOUND, {}),
        ("iam:DeletePolicy", BOUND, {}),
        ("iam:SetDefaultPolicyVersion", f"arn:aws:iam::{DEV}:policy/yawl-execution-1", {}),
        ("iam:CreatePolicy", f"arn:aws:iam::{DEV}:policy/yawl-dev", {}),
        ("iam:CreateUser", f"arn:aws:iam::{DEV}:user/yawl-dev", {}),
        ("iam:CreateAccessKey", f"arn:aws:iam::{DEV}:user/yawl-dev", {}),
        ("sts:AssumeRole", f"arn:aws:iam::{DEV}:role/admin", {}),
        ("cloudformation:UpdateStack", f"arn:aws:cloudformation:us-east-1:{DEV}:stack/CDKToolkit/1", {}),
        ("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{DEV}:function:somebody-else", {}),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:us-east-1:{DEV}:function:somebody-else", {}),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{DEV}:secret:other-a1b2c3", {}),
        ("s3:GetObject", "arn:aws:s3:::yawl-dev-storage-static-1a2b/object", {}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::somebody-else", {}),
        ("s3:DeleteBucket", f"arn:aws:s3:::cdk-hnb659fds-assets-{DEV}-us-east-1", {}),
        ("rds:DeleteDBInstance", f"arn:aws:rds:us-east-1:{DEV}:db:other", {}),
        ("rds:DeleteDBInstance", f"arn:aws:rds:eu-west-1:{DEV}:db:yawl-dev", {}),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:us-east-1:{DEV}:trail/organization", {}),
        ("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{DEV}:instance/*", {}),
        ("ec2:DeleteVpc", "arn:aws:ec2:us-east-1:333333333333:vpc/vpc-1", {}),
        ("dynamodb:Scan", f"arn:aws:dynamodb:us-east-1:{DEV}:table/yawl-dev", {}),
    ],
)
def test_no_privilege_escalation(
    action: str, resource: str, context: dict[str, str], policies: dict[str, AccountPolicies]
) -> None:
    assert not is_allowed(policies[DEV], action, resource, **context)


def test_names_in_arns_match_aws(policies: dict[str, AccountPolicies]) -> None:
    """Literal ARNs, because the other tests use the same formats as the policies."""
    home, prod = policies["111111111111"], policies["444444444444"]
    alias = "alias/yawl-delivery-us-west-2tifactstorealias0f438b320b7fcefc1f48"
    assert is_allowed(home, "kms:CreateAlias", f"arn:aws:kms:us-west-2:111111111111:{alias}")
    assert is_allowed(home, "codepipeline:CreatePipeline", "arn:aws:codepipeline:us-east-1:111111111111:yawl-delivery")
    assert is_allowed(prod, "s3:CreateBucket", "arn:aws:s3:::yawl-prod-backups-444444444444-us-west-2")
    assert is_allowed(
        prod, "ecs:RegisterTaskDefinition", "arn:aws:ecs:us-east-1:444444444444:task-definition/yawl-prod:1"
    )
    web_acl = "arn:aws:wafv2:us-east-1:444444444444:global/webacl/yawl-prod/0a1b2c3d"
    assert is_allowed(prod, "wafv2:CreateWebACL", web_acl)
    balancer = "arn:aws:elasticloadbalancing:us-east-1:444444444444:loadbalancer/app/yawl--LoadB-1A2B3C4D5E6F/*"
    assert is_allowed(prod, "elasticloadbalancing:CreateLoadBalancer", balancer)


def test_final_snapshot_is_allowed(policies: dict[str, AccountPolicies]) -> None:
    for action, name in (("rds:CreateDBSnapshot", "rds"), ("elasticache:CreateSnapshot", "elasticache")):
        assert is_allowed(policies[DEV], action, f"arn:aws:{name}:us-east-1:{DEV}:snapshot:yawl-dev-snapshot-1a2b")


def test_bounded_roles_can_be_created(policies: dict[str, AccountPolicies]) -> None:
    for action in ("CreateRole", "PutRolePolicy", "DeleteRolePolicy", "PutRolePermissionsBoundary"):
        assert is_allowed(policies[DEV], f"iam:{action}", ROLE, PermissionsBoundary=BOUND)
    for service in ("ecs-tasks", "lambda"):
        assert is_allowed(policies[DEV], "iam:PassRole", ROLE, PassedToService=f"{service}.amazonaws.com")


def test_no_policy_allows_everything(policies: dict[str, AccountPolicies]) -> None:
    for account in policies.values():
        text = json.dumps(account.template())
        assert "AdministratorAccess" not in text
        for policy in [*account.policies.values(), account.boundary]:
            for statement in policy["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                assert "*" not in actions
                # Only actions that AWS cannot limit and reading ones, and no changes of named resources.
                if statement["Resource"] == "*" and policy is not account.boundary:
                    assert not [one for one in actions if resource_types(one) and not is_read(one)]


class TestBoundary:
    """The permissions boundary of our roles."""

    @staticmethod
    def allows(of: AccountPolicies, action: str, resource: str = "*") -> bool:
        request = EvalContext(
            principal_arn=ROLE,
            principal_type="AssumedRole",
            principal_account=of.account,
            action=action,
            resource_arn=resource,
            region=of.region,
        )
        everything = document([Statement(("*",), ("*",))])
        limit = [parse_policy_document(json.dumps(of.boundary))]
        return evaluate(request, [parse_policy_document(json.dumps(everything))], limit).decision == "Allow"

    @pytest.mark.parametrize(
        "action",
        [
            *("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary"),
            *("iam:CreatePolicyVersion", "iam:CreateUser", "iam:CreateAccessKey", "iam:PassRole"),
            *("sts:AssumeRole", "organizations:LeaveOrganization", "cloudformation:CreateStack", "ec2:RunInstances"),
            *("lambda:CreateFunction", "lambda:UpdateFunctionCode", "kms:PutKeyPolicy", "s3:PutBucketPolicy"),
        ],
    )
    def test_environment_roles_cannot_escape_the_boundary(
        self, action: str, policies: dict[str, AccountPolicies]
    ) -> None:
        assert not self.allows(policies[DEV], action)

    @pytest.mark.parametrize("action", ["s3:PutObject", "kms:Decrypt", "logs:PutLogEvents", "ecr:BatchGetImage"])
    def test_boundary_covers_the_environment_roles(self, action: str, policies: dict[str, AccountPolicies]) -> None:
        assert self.allows(policies[DEV], action)

    def test_pipelines_roles_assume_those_their_policies_name(self, policies: dict[str, AccountPolicies]) -> None:
        home = policies["111111111111"]
        assert self.allows(home, "sts:AssumeRole", f"arn:aws:iam::{DEV}:role/cdk-hnb659fds-deploy-role-{DEV}-us-east-1")
        assert not self.allows(home, "sts:AssumeRole", f"arn:aws:iam::{DEV}:role/admin")

    def test_boundary_covers_the_bucket_emptying_function(self, policies: dict[str, AccountPolicies]) -> None:
        assert self.allows(policies[DEV], "s3:DeleteObjectVersion", "arn:aws:s3:::yawl-dev-storage-static-1a2b/object")
        assert self.allows(policies[DEV], "s3:PutBucketPolicy", "arn:aws:s3:::yawl-dev-storage-static-1a2b")
        assert not self.allows(policies[DEV], "s3:PutBucketPolicy", "arn:aws:s3:::somebody-else")

    def test_boundary_covers_every_statement(
        self, assembly: "CloudAssembly", policies: dict[str, AccountPolicies]
    ) -> None:
        for stack in read(Path(assembly.directory)).stacks:
            for resource in stack.resources.values():
                if resource["Type"] == "AWS::IAM::Policy":
                    for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                        if statement["Effect"] == "Allow":
                            bare = {**statement, "Resource": _texts(stack, statement["Resource"])}
                            needed = [{"Statement": [bare]}]
                            assert lacks(needed, [policies[stack.account].boundary]) == []

    def test_aws_config_can_read_what_it_records(self, app_elsewhere: Synthesized) -> None:
        [prod] = [one for one in generate(app_elsewhere.folder) if one.account == "444444444444"]
        for action in ("config:PutConfigurationRecorder", "ec2:DescribeVpcs", "s3:GetBucketPolicy", "s3:PutObject"):
            assert self.allows(prod, action)

    def test_unknown_managed_policy_is_rejected(self, tmp_path: Path) -> None:
        role: dict[str, Any] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Statement": []},
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/PowerUserAccess"],
            },
        }
        with pytest.raises(PolicyError, match=r"PowerUserAccess: its actions are unknown"):
            generate(one_stack(tmp_path, {"Role": role}))

    def test_role_that_can_assume_anything_is_rejected(self, tmp_path: Path) -> None:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [statement]}}}
        with pytest.raises(PolicyError, match="has sts:AssumeRole on any resource"):
            generate(one_stack(tmp_path, {"Policy": policy}))

    def test_boundary_is_set_on_every_role(
        self, request: pytest.FixtureRequest, settings: Settings, tmp_path: Path
    ) -> None:
        skip_with_example_only(request)
        least = settings.pipeline.model_copy(update={"execution": "least-privilege"})
        # Prod and the pipeline have stacks in another region.
        synthesized = synthesize(only(settings.model_copy(update={"pipeline": least}), "prod"), tmp_path)
        found = {
            (stack.account, resource["Properties"].get("PermissionsBoundary"))
            for stack in read(synthesized.folder).stacks
            for resource in stack.resources.values()
            if resource["Type"] == "AWS::IAM::Role"
        }
        assert found == {(one, f"arn:aws:iam::{one}:policy/{BOUNDARY}") for one in ("111111111111", "444444444444")}

    def test_boundary_is_absent_by_default(self, assembly: "CloudAssembly") -> None:
        for stack in read(Path(assembly.directory)).stacks:
            assert "PermissionsBoundary" not in json.dumps(stack.template)


class TestSize:
    """IAM's limits."""

    def test_policies_are_within_the_size_limit(self, policies: dict[str, AccountPolicies]) -> None:
        for account in policies.values():
            assert len(account.policies) <= MOST_POLICIES
            for policy in [*account.policies.values(), account.boundary]:
                assert size(policy) <= MOST_CHARACTERS
            # CloudFormation's limit for a template in a request.
            assert len(json.dumps(account.template())) <= 51_200

    def test_statements_are_packed(self) -> None:
        statements = [Statement(tuple(f"s{n}:Action{i}" for i in range(100)), (f"arn:{n}",)) for n in range(10)]
        found = packed(statements)
        assert len(found) == -(-size(document(statements)) // MOST_CHARACTERS)
        assert all(size(document(policy)) <= MOST_CHARACTERS for policy in found)

    def test_long_statement_is_split(self) -> None:
        found = packed([Statement(tuple(f"service:Action{i}" for i in range(1000)), ("*",))])
        assert sum(len(statement.actions) for policy in found for statement in policy) == 1000
        assert all(size(document(policy)) <= MOST_CHARACTERS for policy in found)

    def test_table_names_each_policy_with_its_size(self, policies: dict[str, AccountPolicies]) -> None:
        lines = table(list(policies.values()))
        assert lines[0].endswith("of 6,144, white space not counted")
        assert f"{DEV}  {len(policies[DEV].policies)} policies for each execution role, of 10" in lines
        assert sum(BOUNDARY in line for line in lines) == 4


class TestInput:
    """Unexpected templates and settings."""

    def test_type_without_permissions_is_reported_with_the_file_to_edit(self, tmp_path: Path) -> None:
        with pytest.raises(PolicyError, match=r"AWS::New::Thing: .* WITHOUT_HANDLERS in execution_policies/needs.py"):
            generate(one_stack(tmp_path, {"Thing": {"Type": "AWS::New::Thing"}}))

    def test_missing_assembly_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="synthesize first: cdk synth"):
            generate(tmp_path)

    def test_further_actions_are_limited_too(self, tmp_path: Path) -> None:
        topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
        [found] = generate(one_stack(tmp_path, topic), further_actions=["sns:ConfirmSubscription"])
        assert is_allowed(found, "sns:ConfirmSubscription", f"arn:aws:sns:us-east-1:{DEV}:yawl-dev-Topic-1A2B")
        assert not is_allowed(found, "sns:ConfirmSubscription", f"arn:aws:sns:us-east-1:{DEV}:other")

    @pytest.mark.parametrize("action", ["sns:NoSuchAction", "iam:CreateUser", "*"])
    def test_unknown_or_iam_action_is_rejected(self, action: str, tmp_path: Path) -> None:
        with pytest.raises(PolicyError, match=r"pipeline\.execution_actions"):
            generate(one_stack(tmp_path, {"Topic": {"Type": "AWS::SNS::Topic"}}), further_actions=[action])

    def test_tables_contain_only_existing_types(self) -> None:
        for kind in [*NAMINGS, *SERVICE_LINKED_ROLES, *WITHOUT_HANDLERS]:
            assert kind == "AWS::CDK::Metadata" or schema_of(kind)
        for naming in NAMINGS.values():
            for one in naming.arns:
                assert arn_format(*one.split(":", 1)).endswith(".*")

    @pytest.mark.parametrize("app", ["app_elsewhere", "small_app"])
    def test_policies_of_other_settings_are_within_the_limits(self, app: str, request: pytest.FixtureRequest) -> None:
        synthesized: Synthesized = request.getfixturevalue(app)
        for account in generate(synthesized.folder):
            assert len(account.policies) <= MOST_POLICIES
            assert size(account.boundary) <= MOST_CHARACTERS


def test_long_boundary_falls_back_to_broader_reads() -> None:
    actions = {"rds:DescribeDBInstances", "rds:DescribeDBSnapshots", "rds:CreateDBInstance", "s3:ListBucket"}
    assert _widest(actions) == sorted(actions)
    assert _widest(actions, widen=True) == ["rds:CreateDBInstance", "rds:Describe*", "s3:ListBucket"]


def test_output_is_deterministic(assembly: "CloudAssembly", tmp_path: Path) -> None:
    written = []
    for name in ("one", "other"):
        folder = tmp_path / name
        shutil.copytree(assembly.directory, folder)
        write(folder)
        written.append((folder / "execution-policies.json").read_bytes())
    assert written[0] == written[1]
    assert set(json.loads(written[0])["accounts"]) == {f"{digit}" * 12 for digit in (1, 2, 3, 4)}


class TestCoverage:
    """Comparison of needed and deployed permissions."""

    NEEDED = {
        "Statement": [{"Effect": "Allow", "Action": ["sns:CreateTopic", "sns:TagResource"], "Resource": "arn:a*"}]
    }

    @staticmethod
    def granted(action: str, resource: str, **condition: object) -> dict[str, Any]:
        return {"Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **condition}}

    @pytest.mark.parametrize(
        ("action", "resource"), [("*", "*"), ("sns:*", "arn:*"), ("SNS:*T*", "arn:a*"), ("sns:*", "arn:?*")]
    )
    def test_wider_pattern_covers_an_action(self, action: str, resource: str) -> None:
        assert lacks([self.NEEDED], [self.granted(action, resource)]) == []

    @pytest.mark.parametrize(("action", "resource"), [("sns:CreateTopic", "arn:a*"), ("sns:*", "arn:ab*")])
    def test_narrower_pattern_does_not_cover_an_action(self, action: str, resource: str) -> None:
        assert Lack("sns:TagResource", ("arn:a*",)) in lacks([self.NEEDED], [self.granted(action, resource)])

    def test_unneeded_condition_restricts(self) -> None:
        condition = {"Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
        narrow = self.granted("*", "*", **condition)
        assert len(lacks([self.NEEDED], [narrow])) == 2
        needed = {"Statement": [{**self.NEEDED["Statement"][0], **condition}]}
        assert lacks([needed], [narrow]) == []
        assert lacks([needed], [self.granted("*", "*")]) == []

    def test_condition_with_another_value_does_not_cover_an_action(self) -> None:
        needed, deployed = (
            self.granted("iam:PassRole", "*", Condition={"StringEquals": {"iam:PassedToService": service}})
            for service in ("ecs-tasks.amazonaws.com", "lambda.amazonaws.com")
        )
        assert lacks([needed], [deployed]) == [Lack("iam:PassRole", ("*",))]

    def test_deployed_release_lacks_no_permissions(self, policies: dict[str, AccountPolicies]) -> None:
        for account in policies.values():
            assert lacks(account.policies.values(), account.policies.values()) == []
            assert lacks([account.boundary], [account.boundary]) == []

    def test_new_type_lacks_permissions(self, tmp_path: Path, policies: dict[str, AccountPolicies]) -> None:
        [found] = generate(one_stack(tmp_path, {"Stream": {"Type": "AWS::Kinesis::Stream"}}))
        lacking = lacks(found.policies.values(), policies[DEV].policies.values())
        assert "kinesis:CreateStream" in {one.action for one in lacking}


def one_stack(folder: Path, resources: Mapping[str, Any]) -> Path:
    """Write an assembly with one stack of dev."""
    manifest = {
        "artifacts": {
            "yawl-dev": {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://{DEV}/us-east-1",
                "properties": {
                    "templateFile": "t.json",
                    "stackTemplateAssetObjectUrl": f"s3://cdk-hnb659fds-assets-{DEV}-us-east-1/0a.json",
                },
            }
        }
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "t.json").write_text(json.dumps({"Resources": resources}))
    return folder


def _texts(stack: Stack, value: Any) -> list[str]:
    return [
        stack.text(one) for one in (value if isinstance(value, Sequence) and not isinstance(value, str) else [value])
    ]
