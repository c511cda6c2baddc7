"""RDS: what an instance can be, and what it can become."""

from typing import Any

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.templates import NETWORK, database, parameter_group, ref, resource, subnet_group

STORAGE = "RDS User Guide, Increasing DB instance storage capacity"


def _invalid(name: str, refused: str, source: str, **properties: Any) -> Probe:
    return Probe(name, lambda bench: bench.deploy(Database=database(**properties)), source, refused)


def _changed(name: str, refused: str | None, source: str, before: dict[str, Any], after: dict[str, Any]) -> Probe:
    return Probe(
        name,
        lambda bench: bench.changed({"Database": database(**before)}, {"Database": database(**after)}),
        source,
        refused,
    )


def _twice_grown(bench: Bench) -> Answer:
    bench.changed({"Database": database()}, {"Database": database(AllocatedStorage="120")})
    return bench.deploy(Database=database(AllocatedStorage="150"))


def _protected(bench: Bench) -> Answer:
    bench.deploy(Database=database(DeletionProtection=True))
    return bench.delete()


def _unprotected_first(bench: Bench) -> Answer:
    bench.changed({"Database": database(DeletionProtection=True)}, {"Database": database(DeletionProtection=False)})
    return bench.delete()


def _used_subnet_group(bench: Bench) -> Answer:
    bench.deploy("groups", **NETWORK, Group=subnet_group())
    bench.deploy(Database=database(DBSubnetGroupName="probe"))
    return bench.delete("groups")


PROBES = (
    _invalid(
        "PostgreSQL 15.4",
        "Cannot find version 15.4 for postgres",
        "RDS for PostgreSQL Release Notes: 15.4 can no longer be created",
        EngineVersion="15.4",
    ),
    _invalid(
        "PostgreSQL 99",
        "Cannot find version 99 for postgres",
        "RDS API Reference, CreateDBInstance: InvalidParameterCombination",
        EngineVersion="99",
    ),
    _invalid(
        "an unknown engine",
        "not a valid enum value|Invalid DB engine",
        "RDS API Reference, CreateDBInstance",
        Engine="postgre",
    ),
    _invalid(
        "a class that is none",
        "not a valid enum value|Invalid DB Instance class",
        "RDS API Reference, CreateDBInstance",
        DBInstanceClass="db.t9.small",
    ),
    _invalid(
        "4 GiB of storage",
        "Invalid storage size|InvalidParameter|keyword",
        "RDS API Reference, CreateDBInstance: gp2 and gp3 of 20 to 65536 GiB",
        AllocatedStorage="4",
    ),
    _invalid(
        "backups for 36 days",
        r"keyword \[maximum\]|Invalid backup retention period",
        "RDS API Reference, CreateDBInstance: BackupRetentionPeriod of 0 to 35",
        BackupRetentionPeriod=36,
    ),
    _invalid(
        "a user name that is reserved",
        "reserved word",
        "RDS API Reference, CreateDBInstance: MasterUsername can't be a reserved word for the engine",
        MasterUsername="admin",
    ),
    _invalid(
        "an identifier that begins with a digit",
        r"keyword \[pattern\]|not a valid identifier|Identifier",
        "RDS API Reference, CreateDBInstance: the first character must be a letter",
        DBInstanceIdentifier="1probe",
    ),
    _invalid(
        "a subnet group that is not there",
        "not found|does not exist|DBSubnetGroupNotFound",
        "RDS API Reference, CreateDBInstance: DBSubnetGroupNotFoundFault",
        DBSubnetGroupName="nothing",
    ),
    _invalid(
        "a parameter group that is not there",
        "not found|does not exist|DBParameterGroupNotFound",
        "RDS API Reference, CreateDBInstance: DBParameterGroupNotFound",
        DBParameterGroupName="nothing",
    ),
    _invalid(
        "a key without encryption",
        "StorageEncrypted|encrypt",
        "RDS API Reference, CreateDBInstance: KmsKeyId requires StorageEncrypted",
        StorageEncrypted=False,
        KmsKeyId="alias/aws/rds",
    ),
    Probe(
        "a parameter group of another family",
        lambda bench: bench.deploy(
            Group=parameter_group(Family="postgres16"), Database=database(DBParameterGroupName=ref("Group"))
        ),
        "RDS API Reference, CreateDBInstance: the family must match the engine's version",
        "can't be used for this instance|family",
    ),
    Probe(
        "a subnet group in one zone",
        lambda bench: bench.deploy(**NETWORK, Group=subnet_group(SubnetIds=[ref("One")])),
        "RDS API Reference, CreateDBSubnetGroup: DBSubnetGroupDoesNotCoverEnoughAZs",
        "availability zone coverage|DoesNotCoverEnoughAZs",
    ),
    Probe(
        "a family that is none",
        lambda bench: bench.deploy(Group=parameter_group(Family="postgres9000")),
        "RDS API Reference, CreateDBParameterGroup",
        "not a valid parameter group family|postgres9000|enum",
    ),
    _changed(
        "storage that shrinks",
        "less than current|shrink|can't be reduced|Invalid storage size",
        STORAGE,
        {},
        {"AllocatedStorage": "50"},
    ),
    _changed("storage that grows by 5 %", "at least 10", STORAGE, {}, {"AllocatedStorage": "105"}),
    _changed("storage that grows by 10 %", None, STORAGE, {}, {"AllocatedStorage": "110"}),
    Probe(
        "storage that grows twice within six hours",
        _twice_grown,
        STORAGE + ": no further modification for six hours",
        "storage optimization|six hours|6 hours|StorageOptimization",
    ),
    _changed(
        "an older version",
        "Cannot (upgrade|modify|downgrade)|downgrade|InvalidParameterCombination",
        "RDS User Guide, Upgrading: an upgrade cannot be undone",
        {"EngineVersion": "15.15"},
        {"EngineVersion": "15.14"},
    ),
    _changed(
        "a newer minor version",
        None,
        "RDS User Guide, Minor version upgrades",
        {"EngineVersion": "15.14"},
        {"EngineVersion": "15.15"},
    ),
    _changed(
        "a newer major version without consent",
        "AllowMajorVersionUpgrade",
        "RDS API Reference, ModifyDBInstance: AllowMajorVersionUpgrade",
        {"EngineVersion": "15.15"},
        {"EngineVersion": "16.11"},
    ),
    _changed(
        "encryption of a named instance",
        "custom-named resource requires replacing",
        "CloudFormation: AWS::RDS::DBInstance, StorageEncrypted: Update requires: Replacement",
        {},
        {"StorageEncrypted": True},
    ),
    _changed(
        "a maximum of storage below what is allocated",
        "MaxAllocatedStorage|max storage|Max storage|Invalid max",
        "RDS User Guide, Managing capacity automatically with storage autoscaling",
        {},
        {"MaxAllocatedStorage": 50},
    ),
    Probe(
        "the deletion of a protected database",
        _protected,
        "RDS User Guide, Deleting a DB instance: deletion protection",
        "deletion protection|Cannot delete protected",
    ),
    Probe("the deletion after protection was taken off", _unprotected_first, "RDS User Guide, Deleting a DB instance"),
    Probe(
        "the deletion of a subnet group in use",
        _used_subnet_group,
        "RDS API Reference, DeleteDBSubnetGroup: InvalidDBSubnetGroupStateFault",
        "still using|InvalidDBSubnetGroupState",
    ),
    Probe(
        "a replica of nothing",
        lambda bench: bench.deploy(
            Replica=resource(
                "AWS::RDS::DBInstance", DBInstanceClass="db.t3.small", SourceDBInstanceIdentifier="nothing"
            )
        ),
        "RDS API Reference, CreateDBInstanceReadReplica: DBInstanceNotFound",
        "not found|NotFound",
    ),
)
