"""How much an environment may lose, and how long it may be away: read from its templates, as a table.

RPO is the age of what is left, RTO the time until it serves again, once somebody acts. Times are expectations, not
measurements: the figures they are made of stand here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from operations.assembly import Assembly, Stack

BEGIN: Final = "<!-- recovery objectives: written by make runbooks -->"
END: Final = "<!-- end of recovery objectives -->"
LOG_MINUTES: Final = 5
"""RDS stores the log of a database's changes every five minutes (RDS User Guide, "Restoring to a specified time")."""
FAILOVER_MINUTES: Final = 2
"""A failover to the other zone takes one to two minutes (RDS User Guide, "Multi-AZ DB instance deployments")."""
RESTORE_MINUTES: Final = 30
RESTORE_GIB_A_MINUTE: Final = 10
"""What a restored instance is expected to take: a start, and time for its storage."""
SWITCH_MINUTES: Final = 15
"""Stopping tasks, renaming instances, starting tasks."""
DEPLOYMENT_MINUTES: Final = 60
"""An environment's first deployment; databases, caches and distributions take most of it."""
DAY_HOURS: Final = 24


def table(assembly: Assembly) -> str:
    """Return the table in Markdown, between its marks."""
    rows = [row for name in _environments(assembly) for row in _rows(name, _of(assembly, name))]
    head = ["| environment | what is lost | RPO | RTO | by what |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([BEGIN, *head, *(f"| {' | '.join(row)} |" for row in rows), END])


def renewed(document: str, assembly: Assembly) -> str:
    """Return the document with its table written anew; raises ValueError when it has no marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} and {END}")
    return before + table(assembly) + after


def _environments(assembly: Assembly) -> list[str]:
    return list(dict.fromkeys(stack.stage for stack in assembly.stacks if stack.stage))


def _of(assembly: Assembly, stage: str) -> list[Stack]:
    return [stack for stack in assembly.stacks if stack.stage == stage]


def _rows(environment: str, stacks: list[Stack]) -> Iterator[tuple[str, str, str, str, str]]:
    name = environment.lower()
    [database] = _properties(stacks, "AWS::RDS::DBInstance")
    days = database["BackupRetentionPeriod"]
    restore = RESTORE_MINUTES + int(database["AllocatedStorage"]) // RESTORE_GIB_A_MINUTE
    in_time = f"restore to a point in time, of the last {days} days"
    yield name, "data, by a mistake", f"{LOG_MINUTES} min", f"{restore + SWITCH_MINUTES} min", in_time
    if database.get("MultiAZ"):
        yield name, "a zone", "0", f"{FAILOVER_MINUTES} min", "failover of database, cache and tasks"
    else:
        yield name, "the database's zone", f"{LOG_MINUTES} min", f"{restore + SWITCH_MINUTES} min", in_time
    rules = [rule for plan in _properties(stacks, "AWS::Backup::BackupPlan") for rule in _rules(plan)]
    if rules:
        age = DAY_HOURS + max(_hours_until_done(rule) for rule in rules)
        kept = max(rule["Lifecycle"]["DeleteAfterDays"] for rule in rules)
        way = f"a recovery point, of the last {kept} days"
        yield name, "instance and automated backups", f"{age} h", f"{restore + SWITCH_MINUTES} min", way
    if any(rule.get("CopyActions") for rule in rules):
        age = DAY_HOURS + max(_hours_until_done(rule) for rule in rules)
        hours = -(-(restore + DEPLOYMENT_MINUTES) // 60)
        yield name, "the region", f"{age} h; backup bucket {_replication(stacks)} min", f"{hours} h", "the copies"
    else:
        yield name, "the region", "everything", "—", "no copies: `recovery.copy_region`"


def _properties(stacks: list[Stack], kind: str) -> list[Mapping[str, Any]]:
    return [properties for stack in stacks for _, properties in stack.of_type(kind)]


def _rules(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return plan["BackupPlan"]["BackupPlanRule"]


def _hours_until_done(rule: Mapping[str, Any]) -> int:
    # The job has so long to start, and to end once its window is open.
    return (rule["StartWindowMinutes"] + rule["CompletionWindowMinutes"]) // 60


def _replication(stacks: list[Stack]) -> int:
    """Return the minutes within which S3 promises to have copied an object."""
    found = [
        rule["Destination"]["ReplicationTime"]["Time"]["Minutes"]
        for properties in _properties(stacks, "AWS::S3::Bucket")
        for rule in properties.get("ReplicationConfiguration", {}).get("Rules", [])
    ]
    return max(found)
