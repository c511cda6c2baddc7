"""AWS Backup beyond ministack's: recovery points of finished jobs, restored databases, restore testing plans.

A restore copies the database's settings at its last backup; the emulated database holds no data. A job in one region
may back up a resource in another, as a copy does. Nothing here runs on a schedule.
"""

import json
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from typing_extensions import override

from rehearsal.emulator.cloudformation import generic_types, providers
from rehearsal.emulator.internals import Properties, Provisioned, backup, here, rds, responses
from rehearsal.emulator.services import point_in_time

PLAN = "AWS::Backup::RestoreTestingPlan"

_plans: Any = responses.AccountRegionScopedDict()
_restores: Any = responses.AccountRegionScopedDict()
_backed_up: Any = responses.AccountRegionScopedDict()
"""The settings of a database at its last backup, by its ARN."""


def register() -> None:
    """Complete recovery points, restore jobs and restore testing plans, and let stacks create the plans."""
    backup._list_recovery_points_by_vault = _list_recovery_points
    backup._list_restore_jobs = _list_restores
    backup._describe_restore_job = _describe_restore
    backup._get_restore_testing_plan = _describe_plan
    above = backup.handle_request

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if (method, path.strip("/")) == ("PUT", "restore-jobs"):
            return _start_restore(backup.json.loads(body))
        answer = await above(method, path, headers, body, query)
        if (method, path.strip("/")) == ("PUT", "backup-jobs"):
            _keep_settings(backup.json.loads(body)["ResourceArn"])
        return answer

    backup.handle_request = handle
    providers.register(RestoreTestingPlan(PLAN))


class RestoreTestingPlan(generic_types.RecordedType):
    """Restore testing plans, which GetRestoreTestingPlan returns."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        provisioned = super().create(logical_id, properties, stack_name)
        name = properties["RestoreTestingPlanName"]
        kept = {key: value for key, value in properties.items() if key != "Tags"}
        _plans[name] = {
            **kept,
            "RestoreTestingPlanArn": provisioned[1]["RestoreTestingPlanArn"],
            "CreationTime": backup._epoch(),
        }
        return provisioned

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        _plans.pop(physical_id, None)


def _list_recovery_points(vault: str, query: dict[str, str]) -> Any:
    if vault not in backup._vaults:
        return backup._not_found(f"Backup vault '{vault}' not found.")
    points = [
        {
            "RecoveryPointArn": job["RecoveryPointArn"],
            "BackupVaultName": vault,
            "ResourceArn": job["ResourceArn"],
            "ResourceType": "RDS" if ":rds:" in job["ResourceArn"] else "S3",
            "CreationDate": job["CreationDate"],
            "Status": "COMPLETED",
        }
        for job in backup._jobs.values()
        if job["BackupVaultName"] == vault and job["State"] == "COMPLETED"
    ]
    return backup._paginate(points, query, "RecoveryPoints")


def _start_restore(request: dict[str, Any]) -> Any:
    jobs = [job for job in backup._jobs.values() if job["RecoveryPointArn"] == request["RecoveryPointArn"]]
    if not jobs:
        return backup._not_found(f"Recovery point '{request['RecoveryPointArn']}' not found.")
    metadata = {key.lower(): value for key, value in request.get("Metadata", {}).items()}
    restored = _restore_database(jobs[0]["ResourceArn"], metadata)
    job = {
        "RestoreJobId": str(uuid4()),
        "RecoveryPointArn": request["RecoveryPointArn"],
        "CreationDate": backup._epoch(),
        "IamRoleArn": request.get("IamRoleArn", ""),
        "ResourceType": "RDS",
        "Status": "COMPLETED" if restored else "FAILED",
        "PercentDone": "100.00%",
        **({"CreatedResourceArn": restored} if restored else {"StatusMessage": "The database no longer exists."}),
    }
    _restores[job["RestoreJobId"]] = job
    return backup._ok({"RestoreJobId": job["RestoreJobId"]})


def _keep_settings(arn: str) -> None:
    """Remember a database's settings, so that its recovery points outlive it."""
    if (source := _database(arn)) is not None:
        _backed_up[arn] = dict(source)


def _database(arn: str) -> dict[str, Any] | None:
    _, _, _, region, account, _, name = arn.split(":", 6)
    with responses.request_scope(account, region):
        return rds._instances.get(name)


def _restore_database(arn: str, metadata: dict[str, str]) -> str | None:
    """Create an instance like the one that was backed up; return its ARN, or None if nothing of it is known."""
    source = _backed_up.get(arn) or _database(arn)
    if source is None:
        return None
    target = metadata.get("dbinstanceidentifier", f"awsbackup-restore-test-{uuid4()}")
    groups = json.loads(metadata.get("vpcsecuritygroupids", "[]"))
    point_in_time.restore(
        source,
        {
            "DBInstanceIdentifier": [target],
            "DBSubnetGroupName": [metadata.get("dbsubnetgroupname", "default")],
            "MultiAZ": [metadata.get("multiaz", "false")],
            **{f"VpcSecurityGroupIds.VpcSecurityGroupId.{at}": [group] for at, group in enumerate(groups, start=1)},
        },
    )
    account, region = here()
    return f"arn:aws:rds:{region}:{account}:db:{target}"


def _list_restores(query: dict[str, str]) -> Any:
    plan_arn = unquote(query.get("restoreTestingPlanArn", ""))
    found = [
        job
        for job in _restores.values()
        if not plan_arn or job.get("CreatedBy", {}).get("RestoreTestingPlanArn") == plan_arn
    ]
    return backup._paginate(found, query, "RestoreJobs")


def _describe_restore(identifier: str) -> Any:
    job = _restores.get(identifier)
    return backup._not_found(f"Restore job '{identifier}' not found.") if job is None else backup._ok(dict(job))


def _describe_plan(name: str) -> Any:
    plan = _plans.get(name)
    if plan is None:
        return backup._not_found(f"Restore testing plan '{name}' not found.")
    return backup._ok({"RestoreTestingPlan": plan})
