"""What outlives an environment's database: backups, their copies, and the proof that they can be restored."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

from tests.unit.one_environment import OneEnvironment

Templates: TypeAlias = Callable[[str, str], Template]

BACKUPS = {
    # rule: when (UTC), days kept in prod, in staging
    "Daily": ("cron(0 3 * * ? *)", 35, 7),
    "Weekly": ("cron(0 4 ? * SUN *)", 90, 30),
    "Monthly": ("cron(0 5 1 * ? *)", 365, 90),
}


def plan(template: Template) -> dict[str, dict[str, Any]]:
    """Return the rules of the backup plan by their names."""
    (found,) = template.find_resources("AWS::Backup::BackupPlan").values()
    return {rule["RuleName"]: rule for rule in found["Properties"]["BackupPlan"]["BackupPlanRule"]}


@pytest.mark.parametrize(("environment", "column"), [("prod", 1), ("staging", 2)])
def test_backups_are_made_and_kept(template: Templates, environment: str, column: int) -> None:
    rules = plan(template(environment, "recovery"))
    assert {
        name: (rule["ScheduleExpression"], rule["Lifecycle"]["DeleteAfterDays"]) for name, rule in rules.items()
    } == {name: (row[0], row[column]) for name, row in BACKUPS.items()}


def test_restore_test_is_created_after_its_plan(template: Templates) -> None:
    """It names the plan, which is no reference."""
    recovery = template("prod", "recovery")
    [plan_id] = recovery.find_resources("AWS::Backup::RestoreTestingPlan")
    [selection] = recovery.find_resources("AWS::Backup::RestoreTestingSelection").values()
    assert selection["DependsOn"] == [plan_id]


@pytest.mark.parametrize(
    ("environment", "vaults"),
    [("prod", "yawl-prod@us-east-1 yawl-prod@us-west-2"), ("staging", "yawl-staging@us-east-1")],
)
def test_check_looks_at_the_backups_and_their_copies(template: Templates, environment: str, vaults: str) -> None:
    (check,) = template(environment, "recovery").find_resources("AWS::Lambda::Function").values()
    assert check["Properties"]["Environment"]["Variables"] == {
        "ENVIRONMENT": environment,
        "VAULTS": vaults,
        "RESTORE_TEST": f"yawl_{environment}",
    }


def test_every_backup_of_prod_is_copied_into_the_other_region_as_long(template: Templates) -> None:
    for name, rule in plan(template("prod", "recovery")).items():
        [copy] = rule["CopyActions"]
        assert copy["Lifecycle"] == rule["Lifecycle"], name
        assert "us-west-2" in json.dumps(copy["DestinationBackupVaultArn"])
    assert all(not rule.get("CopyActions") for rule in plan(template("staging", "recovery")).values())


def test_database_is_selected_for_backup(template: Templates) -> None:
    (selection,) = template("prod", "recovery").find_resources("AWS::Backup::BackupSelection").values()
    [resource] = selection["Properties"]["BackupSelection"]["Resources"]
    assert resource == "arn:aws:rds:us-east-1:444444444444:db:yawl-prod"
    template("prod", "database").has_resource_properties("AWS::RDS::DBInstance", {"DBInstanceIdentifier": "yawl-prod"})


def test_backup_is_restored_every_month_into_the_databases_own_network(template: Templates) -> None:
    stack = template("prod", "recovery")
    stack.has_resource_properties(
        "AWS::Backup::RestoreTestingPlan",
        {
            "RestoreTestingPlanName": "yawl_prod",
            "ScheduleExpression": "cron(0 7 8 * ? *)",
            "RecoveryPointSelection": {
                "Algorithm": "LATEST_WITHIN_WINDOW",
                "SelectionWindowDays": 7,
                "RecoveryPointTypes": ["SNAPSHOT"],
                "IncludeVaults": [Match.any_value()],
            },
        },
    )
    (selection,) = stack.find_resources("AWS::Backup::RestoreTestingSelection").values()
    properties = selection["Properties"]
    assert (properties["ProtectedResourceType"], properties["ValidationWindowHours"]) == ("RDS", 1)
    overrides = properties["RestoreMetadataOverrides"]
    assert '"StackName": "yawl-prod-database"' in json.dumps(overrides["dbSubnetGroupName"])
    assert '"StackName": "yawl-prod-network"' in json.dumps(overrides["vpcSecurityGroupIds"])
    assert overrides["multiAz"] == "false"


@pytest.mark.parametrize(
    ("prod", "configuration"),
    [
        ("example", None),
        ("prod_with_more", {"MinRetentionDays": 35, "MaxRetentionDays": 365}),
        ("prod_abroad", {"MinRetentionDays": 35, "MaxRetentionDays": 365, "ChangeableForDays": 3}),
    ],
    ids=["none", "governance", "compliance"],
    indirect=["prod"],
)
def test_vault_lock_follows_the_settings(prod: OneEnvironment, configuration: dict[str, int] | None) -> None:
    for part in ("recovery", "recovery-copies"):
        (vault,) = prod(part).find_resources("AWS::Backup::BackupVault").values()
        assert vault["Properties"].get("LockConfiguration") == configuration
        assert vault["Properties"]["BackupVaultName"] == "yawl-prod"
        assert "EncryptionKeyArn" in vault["Properties"]


@pytest.mark.parametrize(
    ("environment", "part", "policy"),
    [
        ("prod", "recovery", "RetainExceptOnCreate"),
        ("prod", "recovery-copies", "RetainExceptOnCreate"),
        ("staging", "recovery", "Delete"),
    ],
)
def test_backups_are_retained_where_data_is(template: Templates, environment: str, part: str, policy: str) -> None:
    found = template(environment, part).to_json()["Resources"].values()
    kept = [it for it in found if it["Type"] in ("AWS::Backup::BackupVault", "AWS::KMS::Key", "AWS::S3::Bucket")]
    assert {it["DeletionPolicy"] for it in kept} == {policy}


def test_no_resources_without_backups(prod_with_less: OneEnvironment) -> None:
    with pytest.raises(KeyError):
        prod_with_less("recovery")
    with pytest.raises(KeyError):
        prod_with_less("recovery-copies")
    assert "ReplicationConfiguration" not in json.dumps(prod_with_less("storage").to_json())


class TestReplication:
    """The backup bucket's way into the other region."""

    def test_replication_time_control(self, template: Templates) -> None:
        buckets = template("prod", "storage").find_resources("AWS::S3::Bucket").values()
        [configuration] = [
            bucket["Properties"]["ReplicationConfiguration"]
            for bucket in buckets
            if "ReplicationConfiguration" in bucket["Properties"]
        ]
        [rule] = configuration["Rules"]
        assert (rule["Status"], rule["Filter"], rule["DeleteMarkerReplication"]) == (
            "Enabled",
            {"Prefix": ""},
            {"Status": "Disabled"},
        )
        assert rule["SourceSelectionCriteria"] == {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
        destination = rule["Destination"]
        assert destination["Bucket"] == "arn:aws:s3:::yawl-prod-backups-444444444444-us-west-2"
        assert destination["ReplicationTime"]["Time"] == {"Minutes": 15}
        assert json.dumps(destination["EncryptionConfiguration"]).count("CopiesKeyArn") == 1
        [copies_key] = template("prod", "storage").find_resources("AWS::SSM::Parameter").values()
        assert copies_key["Properties"]["Value"]["Fn::GetStackOutput"]["StackName"] == "yawl-prod-recovery-copies"

    def test_other_bucket_keeps_versions_and_is_private(self, template: Templates) -> None:
        template("prod", "recovery-copies").has_resource_properties(
            "AWS::S3::Bucket",
            {
                "BucketName": "yawl-prod-backups-444444444444-us-west-2",
                "VersioningConfiguration": {"Status": "Enabled"},
                "PublicAccessBlockConfiguration": Match.object_like({"RestrictPublicBuckets": True}),
            },
        )

    def test_replication_role_is_limited_to_two_buckets_and_keys(self, template: Templates) -> None:
        policies = template("prod", "storage").find_resources("AWS::IAM::Policy")
        [policy] = [it for name, it in policies.items() if name.startswith("ReplicationRole")]
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        assert all(statement["Resource"] != "*" for statement in statements)
        actions = {
            action
            for it in statements
            for action in ([it["Action"]] if isinstance(it["Action"], str) else it["Action"])
        }
        assert not [action for action in actions if "*" in action]
        assert "s3:ReplicateDelete" not in actions


class TestDailyChecks:
    """The functions that look after an environment."""

    @pytest.mark.parametrize(
        ("part", "name", "hour"), [("monitoring", "drift", 4), ("recovery", "recovery", 12)], ids=["drift", "recovery"]
    )
    def test_checks_run_daily(self, template: Templates, part: str, name: str, hour: int) -> None:
        stack = template("prod", part)
        stack.has_resource_properties(
            "AWS::Lambda::Function", {"FunctionName": f"yawl-prod-{name}-check", "Handler": "index.handler"}
        )
        stack.has_resource_properties("AWS::Events::Rule", {"ScheduleExpression": f"cron(0 {hour} * * ? *)"})

    def test_no_checks_if_disabled(self, prod_with_less: OneEnvironment) -> None:
        prod_with_less("monitoring").resource_count_is("AWS::Lambda::Function", 0)
        assert "stacks-drifted" not in json.dumps(prod_with_less("monitoring").to_json())
