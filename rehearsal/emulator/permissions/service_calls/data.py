"""Buckets, databases, caches, secrets and their backups."""

from collections.abc import Iterator

from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import (
    Call,
    assume,
    calls,
    deployer,
    key_calls,
    object_context,
    role,
    row,
    service,
    service_linked,
)


@row(
    "Amazon S3",
    "AWS::S3::Bucket",
    source="Amazon S3 User Guide, 'Setting up permissions for live replication', 'Creating an IAM role'",
)
def replicating_objects(bucket: Resource, resources: Resources) -> Iterator[Call]:
    """Return the replication role's calls in the source and the destination bucket."""
    replication = bucket.at("ReplicationConfiguration", default={})
    if not replication.get("Role"):
        return
    own = role(replication["Role"])
    yield from assume("s3", replication["Role"])
    yield from calls(own, "s3:GetReplicationConfiguration ListBucket", bucket.arn)
    actions = "s3:GetObjectVersionForReplication GetObjectVersionAcl GetObjectVersionTagging"
    yield from calls(own, actions, f"{bucket.arn}/object")
    for rule in replication.get("Rules", []):
        if target := resources.bucket(rule["Destination"]["Bucket"]):
            yield from calls(own, "s3:ReplicateObject ReplicateTags", f"{target.arn}/object")
            if rule.get("DeleteMarkerReplication", {}).get("Status") == "Enabled":
                yield from calls(own, "s3:ReplicateDelete", f"{target.arn}/object")


@row(
    "Amazon S3",
    "AWS::S3::Bucket",
    source="Amazon S3 User Guide, 'Replicating encrypted objects', 'Granting additional permissions for the IAM role' "
    "and 'Using Amazon S3 Bucket Keys with replication': with bucket keys also Decrypt on the replica's key",
)
def replicating_encrypted_objects(bucket: Resource, resources: Resources) -> Iterator[Call]:
    """Return the replication role's use of both keys, each through S3 in its own region."""
    replication = bucket.at("ReplicationConfiguration", default={})
    if not replication.get("Role"):
        return
    own = role(replication["Role"])
    key = resources.bucket_key(bucket)
    yield from key_calls(own, "Decrypt", key, through="s3", context=object_context(bucket, key))
    for rule in replication.get("Rules", []):
        target = resources.bucket(rule["Destination"]["Bucket"])
        named = rule["Destination"].get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID")
        replica_key = resources.key(named, bucket)
        if target and replica_key:
            context = object_context(target, replica_key)
            with_bucket_key = context["kms:EncryptionContext:aws:s3:arn"] == target.arn
            actions = "Encrypt GenerateDataKey Decrypt" if with_bucket_key else "Encrypt GenerateDataKey"
            yield from key_calls(own, actions, replica_key, through="s3", context=context)


@row(
    "Amazon CloudFront",
    "AWS::CloudFront::Distribution",
    source="CloudFront Developer Guide, 'Restrict access to an Amazon S3 origin', 'Give CloudFront permission to "
    "access the S3 bucket' and 'SSE-KMS'",
)
def reading_an_origin(distribution: Resource, resources: Resources) -> Iterator[Call]:
    """Return CloudFront's reads of a bucket with an origin access control."""
    for origin in distribution.at("DistributionConfig", "Origins", default=[]):
        bucket = resources.bucket(origin.get("DomainName"))
        if not bucket or not origin.get("OriginAccessControlId"):
            continue
        cloudfront = service("cloudfront")
        source = {"aws:SourceArn": distribution.arn, "aws:SourceAccount": distribution.account}
        context = {key.replace(":", "__"): value for key, value in source.items()}
        yield from calls(cloudfront, "s3:GetObject", f"{bucket.arn}/static/index.html", **context)
        key = resources.bucket_key(bucket)
        yield from key_calls(cloudfront, "Decrypt", key, context={**source, **object_context(bucket, key)})


@row(
    "Amazon RDS",
    "AWS::RDS::DBInstance",
    source="Amazon RDS User Guide, 'AWS KMS key management', 'Authorizing use of a customer managed key'",
)
def encrypting_a_database(instance: Resource, resources: Resources) -> Iterator[Call]:
    """Return RDS's calls to KMS on behalf of the database's creator."""
    key = resources.key(instance.at("KmsKeyId"), instance)
    context = {"kms:EncryptionContext:aws:rds:db-id": "db-0123456789"}
    yield from key_calls(
        deployer(instance), "GenerateDataKey Decrypt DescribeKey CreateGrant", key, through="rds", context=context
    )


@row(
    "Amazon RDS",
    "AWS::RDS::DBInstance",
    source="Amazon RDS User Guide, 'Password management with Amazon RDS and AWS Secrets Manager', 'Permissions "
    "required for Secrets Manager integration'",
    open="Through which service the key is asked for, RDS or Secrets Manager: both are evaluated.",
)
def managing_the_master_password(instance: Resource, resources: Resources) -> Iterator[Call]:
    """Return the calls that a managed master password needs from the database's creator."""
    if instance.at("ManageMasterUserPassword") not in (True, "true"):
        return
    own = deployer(instance)
    secret = f"arn:aws:secretsmanager:{instance.region}:{instance.account}:secret:rds!db-0"
    yield from calls(own, "secretsmanager:CreateSecret TagResource", secret)
    key = resources.key(instance.at("MasterUserSecret", "KmsKeyId"), instance)
    for name in ("secretsmanager", "rds"):
        yield from key_calls(own, "DescribeKey Decrypt GenerateDataKey CreateGrant", key, through=name)


@row(
    "Amazon RDS",
    "AWS::RDS::DBInstance",
    source="Amazon RDS User Guide, 'Configuring access policies for Performance Insights', 'Changing an AWS KMS "
    "policy'",
    open="The guide names Decrypt and GenerateDataKey for who looks at the data; who creates the grant is assumed "
    "to be who creates the database.",
)
def encrypting_performance_insights(instance: Resource, resources: Resources) -> Iterator[Call]:
    """Return the use of the key that Performance Insights' data is encrypted with."""
    key = resources.key(instance.at("PerformanceInsightsKMSKeyId"), instance)
    context = {"kms:EncryptionContext:aws:pi:service": "rds", "kms:EncryptionContext:service": "pi"}
    yield from key_calls(deployer(instance), "DescribeKey CreateGrant", key, through="rds")
    yield from key_calls(deployer(instance), "Decrypt GenerateDataKey", key, through="rds", context=context)


@row(
    "AWS Secrets Manager",
    "AWS::SecretsManager::RotationSchedule",
    source="Secrets Manager User Guide, 'Managed rotation': the managing service rotates, with no function of ours; "
    "'Lambda rotation function permissions' for a function",
)
def rotating_a_secret(schedule: Resource, resources: Resources) -> Iterator[Call]:
    """Return the call that starts a rotation."""
    secret = schedule.at("SecretId", default="*")
    yield from calls(deployer(schedule), "secretsmanager:RotateSecret DescribeSecret", secret)
    if arn := schedule.at("RotationLambdaARN"):
        yield from calls(service("secretsmanager"), "lambda:InvokeFunction", arn, aws__SourceAccount=schedule.account)
        function = resources.by_arn(arn)
        if function:
            own = role(function.at("Role"))
            yield from calls(
                own, "secretsmanager:DescribeSecret GetSecretValue PutSecretValue UpdateSecretVersionStage", secret
            )
            found = resources.by_arn(secret)
            key = resources.key(found.at("KmsKeyId"), found) if found else None
            yield from key_calls(own, "Decrypt GenerateDataKey", key, through="secretsmanager")


@row(
    "AWS CloudFormation",
    "AWS::ElastiCache::ReplicationGroup",
    source="CloudFormation User Guide, 'Get a secret or secret value from Secrets Manager': the role that deploys "
    "reads",
)
def resolving_a_secret(resource: Resource, resources: Resources) -> Iterator[Call]:
    """Return the reading of a secret that a dynamic reference names."""
    token = str(resource.at("AuthToken", default=""))
    marker = "{{resolve:secretsmanager:"
    if token.startswith(marker):
        arn = token.removeprefix(marker).partition(":SecretString")[0]
        yield from calls(deployer(resource), "secretsmanager:GetSecretValue", arn)
        secret = resources.by_arn(arn)
        key = resources.key(secret.at("KmsKeyId"), secret) if secret else None
        context = {"kms:EncryptionContext:SecretARN": arn}
        yield from key_calls(deployer(resource), "Decrypt", key, through="secretsmanager", context=context)


@row(
    "AWS Backup",
    "AWS::Backup::BackupSelection",
    source="AWS Backup Developer Guide, 'IAM service roles' (AWSBackupServiceRolePolicyForBackup) and 'Encryption for "
    "backups in AWS Backup': backups of RDS keep the database's key",
    open="Which operations RDS asks of the key for the role is taken from what AWS's own managed policy allows.",
)
def backing_up_a_database(selection: Resource, resources: Resources) -> Iterator[Call]:
    """Return the backup role's calls to take a snapshot of each selected database."""
    arn = selection.at("BackupSelection", "IamRoleArn")
    if not arn:
        return
    own = role(arn)
    yield from assume("backup", arn)
    for database in _databases(selection.at("BackupSelection", "Resources", default=[]), resources):
        snapshot = f"arn:aws:rds:{database.region}:{database.account}:snapshot:awsbackup:job-0123456789"
        yield from calls(own, "rds:DescribeDBInstances ListTagsForResource", database.arn)
        yield from calls(own, "rds:CreateDBSnapshot AddTagsToResource DescribeDBSnapshots DeleteDBSnapshot", snapshot)
        key = resources.key(database.at("KmsKeyId"), database)
        yield from key_calls(own, "DescribeKey CreateGrant", key, through="rds")


@row(
    "AWS Backup",
    "AWS::Backup::BackupPlan",
    source="AWS Backup Developer Guide, 'Creating backup copies across AWS Regions' and 'Encryption for backups in AWS "
    "Backup', 'Encryption for copies'",
    open="That the copy asks for the destination vault's key through RDS of that region, since RDS makes the copy.",
)
def copying_backups(plan: Resource, resources: Resources) -> Iterator[Call]:
    """Return the backup role's calls to copy recovery points to another vault."""
    selections = [
        item
        for item in resources.of_type("AWS::Backup::BackupSelection")
        if item.at("BackupPlanId") and _of(plan, item)
    ]
    targets = {
        action["DestinationBackupVaultArn"]
        for rule in plan.at("BackupPlan", "BackupPlanRule", default=[])
        for action in rule.get("CopyActions") or []
    }
    for selection in selections:
        own = role(selection.at("BackupSelection", "IamRoleArn"))
        for target in sorted(targets):
            yield from calls(own, "backup:CopyIntoBackupVault DescribeBackupVault", target)
            yield from calls(own, "backup:CopyFromBackupVault", "*")
            vault = resources.by_arn(target)
            if not vault:
                continue
            for database in _databases(selection.at("BackupSelection", "Resources", default=[]), resources):
                snapshot = f"arn:aws:rds:{vault.region}:{vault.account}:snapshot:awsbackup:copyjob-0123456789"
                yield from calls(own, "rds:CopyDBSnapshot AddTagsToResource", snapshot)
                source_key = resources.key(database.at("KmsKeyId"), database)
                yield from key_calls(own, "DescribeKey CreateGrant", source_key, through="rds")
                vault_key = resources.key(vault.at("EncryptionKeyArn"), vault)
                yield from key_calls(own, "DescribeKey CreateGrant", vault_key, through="rds")


@row(
    "AWS Backup",
    "AWS::Backup::RestoreTestingSelection",
    source="AWS Backup Developer Guide, 'Restore testing' and 'IAM service roles' "
    "(AWSBackupServiceRolePolicyForRestores)",
)
def testing_a_restore(selection: Resource, resources: Resources) -> Iterator[Call]:
    """Return the restore role's calls to restore a database, and to delete it afterwards."""
    arn = selection.at("IamRoleArn")
    if not arn:
        return
    own = role(arn)
    yield from assume("backup", arn)
    for database in _databases(selection.at("ProtectedResourceArns", default=[]), resources):
        restored = f"arn:aws:rds:{database.region}:{database.account}:db:awsbackup-restore-test-0123456789"
        actions = "rds:RestoreDBInstanceFromDBSnapshot AddTagsToResource DescribeDBInstances DeleteDBInstance"
        yield from calls(own, actions, restored)
        key = resources.key(database.at("KmsKeyId"), database)
        actions = "DescribeKey CreateGrant Decrypt Encrypt GenerateDataKey ReEncryptTo ReEncryptFrom"
        yield from key_calls(own, actions, key, through="rds")


@row(
    "AWS Backup",
    "AWS::Backup::BackupVault",
    source="AWS Backup Developer Guide, 'Backup vault creation and deletion', 'Required permissions'",
)
def creating_a_vault(vault: Resource, resources: Resources) -> Iterator[Call]:
    """Return the calls for creating a vault, with those to its key."""
    own = deployer(vault)
    yield from calls(own, "backup:CreateBackupVault", vault.arn)
    yield from calls(own, "backup-storage:MountCapsule", "*")
    key = resources.key(vault.at("EncryptionKeyArn"), vault)
    actions = "CreateGrant DescribeKey RetireGrant Decrypt GenerateDataKey"
    yield from key_calls(own, actions, key, through="backup")


@row(
    "Amazon ElastiCache",
    "AWS::ElastiCache::ReplicationGroup",
    source="ElastiCache User Guide, 'Using service-linked roles for Amazon ElastiCache'",
)
def attaching_cache_nodes(group: Resource, _resources: Resources) -> Iterator[Call]:
    """Return the calls of ElastiCache's service-linked role that attach nodes to the VPC."""
    own = service_linked(group, "elasticache", "AWSServiceRoleForElastiCache")
    yield from calls(own, "ec2:CreateNetworkInterface DescribeSubnets DescribeSecurityGroups", "*")


def _databases(arns: list[str], resources: Resources) -> Iterator[Resource]:
    for arn in arns:
        found = resources.by_arn(arn)
        if found and found.type == "AWS::RDS::DBInstance":
            yield found


def _of(plan: Resource, selection: Resource) -> bool:
    plan_id = selection.at("BackupPlanId")
    return plan_id in (plan.physical_id, f"{plan.physical_id}.BackupPlanId", plan.attributes.get("BackupPlanId"))
