"""What `make destroy` and `make recover` make of each answer of AWS: nothing is deleted for want of an answer."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from cloud_assembly import Assembly, Stack
from tests.aws_answers import FakeAws
from tests.aws_calls import LISTS, RAISED, Absent, Call, Errors, Exit, calls, calls_in, outcome, sources
from tools.accounts import __main__ as command_line
from tools.accounts import deployed_stacks
from tools.accounts.accounts import Accounts
from tools.accounts.live_resources import RESOURCE_TYPES, LiveResource, ResourceType
from tools.accounts.live_resources.resource import Client
from tools.accounts.recovery import clients, execution, planning
from tools.accounts.recovery.part import Part
from tools.accounts.resource_import import ImportedResource, carry_out_import

ACCOUNT: Final = "444444444444"
NOON: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STACK: Final = Stack(
    name="yawl-dev-network",
    account=ACCOUNT,
    region="us-east-1",
    template={"Resources": {}},
    stage="Dev",
    family="yawl-dev",
)
PIPELINE: Final = Stack(
    name="yawl-delivery",
    account="111111111111",
    region="us-east-1",
    template={"Resources": {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline"}}},
)
NO_STACK: Final = (400, "ValidationError", "Stack with id yawl-dev-network does not exist")
INVALID: Final = (400, "ValidationError", "1 validation error detected: Value at 'stackName' failed")
COMPLETE: Final = {"StackName": STACK.name, "StackStatus": "CREATE_COMPLETE", "CreationTime": NOON}
ITEM: Final = {
    "StackName": STACK.name,
    "LogicalResourceId": "Vpc",
    "PhysicalResourceId": "thing",
    "ResourceType": "AWS::EC2::VPC",
    "ResourceStatus": "CREATE_COMPLETE",
}
VALUES: Final[Mapping[str, Any]] = {
    "get_caller_identity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ada"},
    "describe_stacks": {"Stacks": [COMPLETE]},
    "get_template": {"TemplateBody": '{"Resources": {}}'},
    "describe_stack_resources": {"StackResources": [ITEM]},
    "describe_stack_events": {"StackEvents": []},
    "list_roles": {"Roles": []},
    "delete_stack": {},
    "continue_update_rollback": {},
    "create_change_set": {},
    "describe_change_set": {"Status": "CREATE_COMPLETE"},
    "execute_change_set": {},
}
"""A deployed stack."""


def command(*arguments: str) -> Exit:
    def read(_: object) -> Assembly:
        return Assembly(Path(), (PIPELINE, STACK))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "read", read)
        return Exit(command_line.main(arguments))


def destroy() -> Exit:
    return command("destroy", "dev", "--confirm", "dev")


def recover() -> Exit:
    return command("recover", "dev", "--yes")


def stacks(run: Callable[[], Any], errors: Errors, **absent: Absent) -> list[Call]:
    return calls("tools/accounts/deployed_stacks.py", run, VALUES, errors, **absent)


NOT_DELETED: Final = Errors(
    r"^exit 2:.*destroy: {told}.*Nothing was deleted",
    denied=r"^exit 2:.*destroy: {told}.*make destroy ENV=dev, with a profile of.*Nothing",
)
HALF_DELETED: Final = Errors(r"^exit 1:.*destroy: {told}.*it resumes from here")
UNCHANGED: Final = Errors(r"^exit 1:.*recover: {told}.*Nothing was changed")
DESTROY: Final[list[Call]] = [
    *calls(
        "tools/accounts/accounts.py",
        destroy,
        VALUES,
        Errors(r"^exit 2:.*destroy: whose credentials these are is unknown. {told}"),
        get_caller_identity=((403, "ExpiredToken", "expired"), "^exit 2:.*AWS rejected the credentials .*ExpiredToken"),
    ),
    *stacks(destroy, NOT_DELETED, describe_stacks=(NO_STACK, "^exit 0:.*dev has no deployed stacks")),
    *stacks(
        destroy,
        NOT_DELETED,
        get_template=(NO_STACK, "^exit 2:.*does not exist"),
        describe_stack_resources=(NO_STACK, "^exit 2:.*does not exist"),
    ),
    *stacks(destroy, HALF_DELETED, delete_stack=LISTS),
]


def recovered(status: str, **values: Any) -> Mapping[str, Any]:
    return {**VALUES, "describe_stacks": {"Stacks": [{**COMPLETE, "StackStatus": status}]}, **values}


def carried_out(**changes: Any) -> Callable[[], Any]:
    return lambda: list(execution.carry_out([Part(STACK, "state", **changes)], Accounts()))


def imported() -> None:
    found = LiveResource(kind="AWS::S3::Bucket", name="bucket")
    carry_out_import(Accounts(), STACK, (ImportedResource("Bucket", found, {}),))


RECOVER: Final[list[Call]] = [
    *calls(
        "tools/accounts/recovery/planning.py",
        recover,
        recovered("DELETE_FAILED"),
        UNCHANGED,
        describe_stack_events=(NO_STACK, "^exit 1:.*does not exist"),
    ),
    *calls(
        "tools/accounts/recovery/clients.py",
        lambda: clients.owner(Accounts(), STACK, "thing"),
        VALUES,
        RAISED,
        describe_stack_resources=((400, "ValidationError", "Stack for thing does not exist"), "^None"),
    ),
    *calls(
        "tools/accounts/recovery/execution.py",
        carried_out(is_continued=True),
        VALUES,
        RAISED,
        continue_update_rollback=(NO_STACK, "^ClientError: .*does not exist"),
    ),
    *calls(
        "tools/accounts/resource_import.py",
        imported,
        {**VALUES, "describe_stacks": {"Stacks": [{**COMPLETE, "StackStatus": "IMPORT_COMPLETE"}]}},
        RAISED,
        create_change_set=LISTS,
        describe_change_set=((404, "ChangeSetNotFound", "no change set"), "^ChangeSetNotFoundException"),
        execute_change_set=((404, "ChangeSetNotFound", "no change set"), "^ChangeSetNotFoundException"),
    ),
]


def client(service: str) -> Any:
    return Accounts().client(service, STACK.aws_environment, role_arn=None)


LIVE: Final[Mapping[str, Any]] = {
    **VALUES,
    "describe_load_balancer_attributes": {"Attributes": []},
    "modify_load_balancer_attributes": {},
    "describe_db_instances": {"DBInstances": [{"DBInstanceIdentifier": "thing"}]},
    "modify_db_instance": {},
    "delete_db_instance": {},
    "describe_db_subnet_groups": {"DBSubnetGroups": [{}]},
    "delete_db_subnet_group": {},
    "describe_db_parameter_groups": {"DBParameterGroups": [{}]},
    "delete_db_parameter_group": {},
    "list_object_versions": {"Versions": [{"Key": "a", "VersionId": "1"}]},
    "get_object_lock_configuration": {"ObjectLockConfiguration": {"Rule": {}}},
    "list_buckets": {"Buckets": []},
    "delete_objects": {},
    "delete_bucket": {},
    "list_backup_vaults": {"BackupVaultList": [{"BackupVaultName": "thing"}]},
    "list_recovery_points_by_backup_vault": {"RecoveryPoints": [{}]},
    "delete_backup_vault": {},
    "describe_log_groups": {"logGroups": [{"logGroupName": "thing", "creationTime": 0}]},
    "describe_log_streams": {"logStreams": [{}]},
    "delete_log_group": {},
    "describe_key": {"KeyMetadata": {"KeyId": "thing", "KeyState": "Enabled"}},
    "schedule_key_deletion": {},
    "list_aliases": {"Aliases": [{"AliasName": "thing"}]},
    "delete_alias": {},
    "describe_secret": {"ARN": "thing"},
    "delete_secret": {},
    "get_role": {"Role": {}},
    "list_attached_role_policies": {"AttachedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/A"}]},
    "detach_role_policy": {},
    "list_role_policies": {"PolicyNames": ["inline"]},
    "delete_role_policy": {},
    "delete_role": {},
}


def find(kind: str) -> Callable[[], Any]:
    return lambda: RESOURCE_TYPES[kind].find(client, "thing")


def does(
    kind: str, action: Callable[[ResourceType], Callable[[Client, LiveResource], None] | None]
) -> Callable[[], Any]:
    """Return what unprotects or deletes a resource."""

    def run() -> Any:
        done = action(RESOURCE_TYPES[kind])
        assert done is not None
        return done(client, LiveResource(kind=kind, name="thing"))

    return run


def removes(kind: str) -> Callable[[], Any]:
    return does(kind, lambda known: known.remove)


def unprotects(kind: str) -> Callable[[], Any]:
    return does(kind, lambda known: known.unprotect)


def live(file: str, run: Callable[[], Any], **absent: Absent) -> list[Call]:
    """Return rows whose errors are passed on: `recover` prints them and changes nothing."""
    return calls(f"tools/accounts/live_resources/{file}.py", run, LIVE, RAISED, **absent)


NONE: Final = "^None"
NOT_FOUND: Final = (400, "ResourceNotFoundException", "none")
DATABASE, BUCKET, VAULT = "AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::Backup::BackupVault"
BALANCER, ROLE = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::IAM::Role"
SUBNETS, PARAMETERS = "AWS::RDS::DBSubnetGroup", "AWS::RDS::DBParameterGroup"
LOGS, KEY, ALIAS, SECRET = "AWS::Logs::LogGroup", "AWS::KMS::Key", "AWS::KMS::Alias", "AWS::SecretsManager::Secret"
RESOURCES: Final[list[Call]] = [
    *live(
        "load_balancers",
        find(BALANCER),
        describe_load_balancer_attributes=((400, "LoadBalancerNotFound", "none"), NONE),
    ),
    *live("load_balancers", unprotects(BALANCER), modify_load_balancer_attributes=LISTS),
    *live("databases", find(DATABASE), describe_db_instances=((404, "DBInstanceNotFound", "none"), NONE)),
    *live("databases", unprotects(DATABASE), modify_db_instance=LISTS),
    *live("databases", removes(DATABASE), delete_db_instance=LISTS),
    *live("databases", find(SUBNETS), describe_db_subnet_groups=((404, "DBSubnetGroupNotFoundFault", "none"), NONE)),
    *live("databases", removes(SUBNETS), delete_db_subnet_group=LISTS),
    *live(
        "databases", find(PARAMETERS), describe_db_parameter_groups=((404, "DBParameterGroupNotFound", "none"), NONE)
    ),
    *live("databases", removes(PARAMETERS), delete_db_parameter_group=LISTS),
    *live(
        "storage",
        find(BUCKET),
        list_object_versions=((404, "NoSuchBucket", "none"), NONE),
        get_object_lock_configuration=((404, "ObjectLockConfigurationNotFoundError", "none"), "locked=''"),
        list_buckets=LISTS,
    ),
    *live("storage", removes(BUCKET), delete_objects=LISTS, delete_bucket=LISTS),
    *live(
        "storage",
        find(VAULT),
        list_backup_vaults=({"BackupVaultList": []}, NONE),
        list_recovery_points_by_backup_vault=LISTS,
    ),
    *live("storage", removes(VAULT), delete_backup_vault=LISTS),
    *live("storage", find(LOGS), describe_log_groups=({"logGroups": []}, NONE), describe_log_streams=LISTS),
    *live("storage", removes(LOGS), delete_log_group=LISTS),
    *live("security", find(KEY), describe_key=((400, "NotFoundException", "none"), NONE)),
    *live("security", removes(KEY), schedule_key_deletion=LISTS),
    *live("security", find(ALIAS), list_aliases=({"Aliases": []}, NONE)),
    *live("security", removes(ALIAS), delete_alias=LISTS),
    *live("security", find(SECRET), describe_secret=(NOT_FOUND, NONE)),
    *live("security", removes(SECRET), delete_secret=LISTS),
    *live("security", find(ROLE), get_role=((404, "NoSuchEntity", "none"), NONE)),
    *live(
        "security",
        removes(ROLE),
        list_attached_role_policies=LISTS,
        detach_role_policy=LISTS,
        list_role_policies=LISTS,
        delete_role_policy=LISTS,
        delete_role=LISTS,
    ),
]
ROWS: Final = [*DESTROY, *RECOVER, *RESOURCES]
CASES: Final = [(row, kind) for row in ROWS for kind in row.kinds]


@pytest.mark.parametrize(("row", "kind"), CASES, ids=[f"{row.file}-{row.operation}-{kind}" for row, kind in CASES])
def test_answers_are_told_apart(row: Call, kind: str, aws: FakeAws) -> None:
    row.check(kind, aws)


@pytest.mark.parametrize("kind", ["denied", "throttled", "broken", "unreachable"])
def test_what_else_an_environment_has_may_stay_unknown(kind: str, aws: FakeAws) -> None:
    aws.failing, aws.kind = "list_roles", kind
    aws.values = {**VALUES, "describe_stacks": {"Stacks": [{**COMPLETE, "StackStatus": "DELETE_COMPLETE"}]}}
    output = outcome(destroy)
    assert output.startswith("exit 0"), output
    assert "Whether more stacks of dev are in 444444444444/us-east-1 is not known. AWS" in output


def test_every_call_has_a_row() -> None:
    found = {one for one in calls_in(sources("tools/accounts")) if not one[0].startswith("tools/accounts/checks/")}
    assert found == {(row.file, row.operation) for row in ROWS}


def test_an_invalid_request_is_not_a_stack_that_does_not_exist(aws: FakeAws) -> None:
    """It has the same code; `destroy` would take the stack for deleted, and `recover` would delete its resources."""
    aws.values = {**VALUES, "describe_stacks": INVALID, "describe_stack_resources": INVALID}
    for run in (
        lambda: deployed_stacks.described(Accounts(), STACK),
        lambda: clients.owner(Accounts(), STACK, "thing"),
        lambda: planning.plan([STACK], Accounts()),
    ):
        with pytest.raises(Exception, match="1 validation error detected"):
            run()
