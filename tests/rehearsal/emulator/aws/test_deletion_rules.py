"""Resources that AWS does not delete, and those that a stack retains."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.emulator.conftest import Account, ref, resource

PROTECTED = resource(
    "AWS::RDS::DBInstance",
    DBInstanceIdentifier="yawl-prod",
    DBInstanceClass="db.t3.micro",
    Engine="postgres",
    MasterUsername="yawl",
    MasterUserPassword="not-a-secret",
    AllocatedStorage="20",
    DeletionProtection=True,
)
FAILURE = {"Type": "AWS::Rehearsal::Failure"}


def create(account: Account, **resources: dict[str, Any]) -> str:
    body = json.dumps({"Resources": resources})
    account.client("cloudformation").create_stack(StackName=account.stack, TemplateBody=body)
    return account.settled()


def fail_after(*names: str) -> dict[str, Any]:
    return {**FAILURE, "DependsOn": list(names)}


def statuses(account: Account) -> dict[str, str]:
    found = account.client("cloudformation").describe_stack_resources(StackName=account.stack)["StackResources"]
    return {item["LogicalResourceId"]: item["ResourceStatus"] for item in found}


def reason(account: Account) -> str:
    [stack] = account.client("cloudformation").describe_stacks(StackName=account.stack)["Stacks"]
    return stack["StackStatusReason"]


def test_protected_database_fails_the_rollback_and_keeps_its_dependencies(account: Account) -> None:
    log = resource("AWS::Logs::LogGroup", LogGroupName="/aws/rds/instance/yawl-prod/postgresql")
    database = {**PROTECTED, "DependsOn": ["Log"], "DeletionPolicy": "RetainExceptOnCreate"}
    found = create(account, Log=log, Topic=resource("AWS::SNS::Topic"), Database=database, Bad=fail_after("Database"))
    assert found == "ROLLBACK_FAILED"
    assert statuses(account) == {"Log": "CREATE_COMPLETE", "Database": "DELETE_FAILED"}
    assert reason(account) == "The following resource(s) failed to delete: [Database]."
    assert any("please disable deletion protection" in text for text in account.failures())


def test_deletion_then_follows_the_deletion_policy(account: Account) -> None:
    """RetainExceptOnCreate applies to the operation that created the resource, not to the stack's deletion."""
    database = {**PROTECTED, "DeletionPolicy": "RetainExceptOnCreate"}
    create(account, Database=database, Bad=fail_after("Database"))
    account.delete()
    [kept] = account.client("rds").describe_db_instances()["DBInstances"]
    assert kept["DBInstanceIdentifier"] == "yawl-prod"


def test_load_balancer_deletion_protection(account: Account) -> None:
    protection = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    network = {
        "Network": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
        "One": resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.1.0/24"),
        "Two": resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.2.0/24"),
    }
    balancer = resource(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        Subnets=[ref("One"), ref("Two")],
        LoadBalancerAttributes=protection,
    )
    assert create(account, **network, Balancer=balancer, Bad=fail_after("Balancer")) == "ROLLBACK_FAILED"
    elbv2 = account.client("elbv2")
    [found] = elbv2.describe_load_balancers()["LoadBalancers"]
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        elbv2.delete_load_balancer(LoadBalancerArn=found["LoadBalancerArn"])
    account.client("cloudformation").delete_stack(StackName=account.stack)
    assert account.settled() == "DELETE_FAILED"
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=found["LoadBalancerArn"],
        Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
    )
    account.delete()
    assert elbv2.describe_load_balancers()["LoadBalancers"] == []


def test_bucket_with_old_versions_cannot_be_deleted(account: Account) -> None:
    name = f"versions-{account.place.account}"
    versioned = {"Status": "Enabled"}
    account.deploy(Bucket=resource("AWS::S3::Bucket", BucketName=name, VersioningConfiguration=versioned))
    s3 = account.client("s3")
    version = s3.put_object(Bucket=name, Key="object", Body=b"")["VersionId"]
    marker = s3.delete_object(Bucket=name, Key="object")["VersionId"]
    account.client("cloudformation").delete_stack(StackName=account.stack)
    assert account.settled() == "DELETE_FAILED"
    for identifier in (version, marker):
        s3.delete_object(Bucket=name, Key="object", VersionId=identifier)
    account.delete()


def test_vault_with_recovery_points_cannot_be_deleted(account: Account) -> None:
    account.deploy(Vault=resource("AWS::Backup::BackupVault", BackupVaultName="yawl-prod"))
    backup = account.client("backup")
    backup.start_backup_job(
        BackupVaultName="yawl-prod",
        ResourceArn=f"arn:aws:rds:eu-west-1:{account.place.account}:db:yawl-prod",
        IamRoleArn=f"arn:aws:iam::{account.place.account}:role/backup",
    )
    with pytest.raises(ClientError, match="contains 1 recovery points"):
        backup.delete_backup_vault(BackupVaultName="yawl-prod")
    account.client("cloudformation").delete_stack(StackName=account.stack)
    assert account.settled() == "DELETE_FAILED"


def test_subnet_group_in_use_cannot_be_deleted(account: Account) -> None:
    network: dict[str, Any] = {"Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16")}
    for zone in "ab":
        third = "ab".index(zone)
        network[f"Subnet{zone}"] = resource(
            "AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock=f"10.0.{third}.0/24", AvailabilityZone=f"eu-west-1{zone}"
        )
    subnets = [ref("Subneta"), ref("Subnetb")]
    group = resource("AWS::RDS::DBSubnetGroup", DBSubnetGroupDescription="isolated", SubnetIds=subnets)
    database = json.loads(json.dumps(PROTECTED))
    database["Properties"]["DBSubnetGroupName"] = ref("Group")
    account.deploy(**network, Group=group, Database={**database, "DeletionPolicy": "Retain"})
    account.client("cloudformation").delete_stack(StackName=account.stack)
    assert account.settled() == "DELETE_FAILED"
    left = statuses(account)
    assert left.pop("Group") == "DELETE_FAILED"
    assert left == dict.fromkeys(network, "CREATE_COMPLETE"), "nothing that it is built on was tried"


def test_stack_is_found_by_physical_id(account: Account) -> None:
    account.deploy(Log=resource("AWS::Logs::LogGroup", LogGroupName="mine"))
    cloudformation = account.client("cloudformation")
    [found] = cloudformation.describe_stack_resources(PhysicalResourceId="mine")["StackResources"]
    assert (found["StackName"], found["LogicalResourceId"]) == (account.stack, "Log")
    with pytest.raises(ClientError, match="Stack for nobody's does not exist"):
        cloudformation.describe_stack_resources(PhysicalResourceId="nobody's")
