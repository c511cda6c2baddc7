"""What changing a key of `delivery.toml` does to what is deployed already; `docs/CONFIGURATION.md` prints it.

tests/synthesis/test_effects_of_changes.py changes each key in a synthesized app and asks the change review, which stops
a release in the same cases.
"""

from dataclasses import dataclass
from typing import Final

HARMLESS: Final = "harmless"
INTERRUPTS: Final = "interrupts"
REPLACES: Final = "replaces"
ACCEPTED: Final = "refused until accepted"
"""The change review stops the release until the change is accepted."""
REFUSED: Final = "refused"
EFFECTS: Final = (HARMLESS, INTERRUPTS, REPLACES, ACCEPTED, REFUSED)
"""From the most harmless to the worst."""


@dataclass(frozen=True)
class Effect:
    """The worst effect that a change of a key has."""

    kind: str
    """One of EFFECTS."""
    why: str = ""
    """What is affected, or which change it is, to be read after a colon."""

    @property
    def text(self) -> str:
        """What the guide prints."""
        return f"{self.kind}: {self.why}" if self.why else self.kind


_TASKS: Final = Effect(INTERRUPTS, "new tasks take over")
_BUILT: Final = Effect(ACCEPTED, "building an image needs permissions; new tasks take over")
_WIDER: Final = "permissions grow"
_REMOVED: Final = "its logs or data leave the stack if it is turned off"
_MAILS: Final = Effect(REPLACES, "the subscription, which must be confirmed")
_ADDRESSES: Final = Effect(REFUSED, "by AWS, while the NAT gateways have their addresses")
_LOCKED: Final = Effect(REFUSED, "by AWS, once a lock is `compliance`; harmless before")
_MOVED_PIPELINE: Final = Effect(REFUSED, "a push does not move the pipeline; see the deployment guide")
_MOVED_ENVIRONMENT: Final = Effect(
    ACCEPTED, "nothing moves; a new environment is created and the old one's stacks stay; see the deployment guide"
)

OF_KEYS: Final[dict[str, Effect]] = {
    "repository.connection_arn": Effect(ACCEPTED, _WIDER),
    "pipeline.account": _MOVED_PIPELINE,
    "pipeline.region": _MOVED_PIPELINE,
    "pipeline.approval_email": _MAILS,
    "pipeline.notification_email": _MAILS,
    "pipeline.chat.workspace_id": Effect(ACCEPTED, _WIDER),
    "pipeline.chat.channel_id": Effect(ACCEPTED, _WIDER),
    "image.uri": _TASKS,
    "image.build": _BUILT,
    "image.base": _TASKS,
    "image.yawl_version": _TASKS,
    "image.yawl_url": _TASKS,
    "image.yawl_sha256": _TASKS,
    "image.driver_url": _TASKS,
    "image.driver_sha256": _TASKS,
    "image.libraries_url": _TASKS,
    "image.libraries_sha256": _TASKS,
    "image.rds_bundle_url": _TASKS,
    "image.rds_bundle_sha256": _TASKS,
    "compliance.standards": Effect(INTERRUPTS, "a tag names them; new tasks take over"),
    "audit.trail": Effect(ACCEPTED, _REMOVED),
    "audit.guardduty": Effect(ACCEPTED, "its findings are lost if it is turned off"),
    "audit.config": Effect(ACCEPTED, _WIDER),
    "environments.NAME.account": _MOVED_ENVIRONMENT,
    "environments.NAME.region": _MOVED_ENVIRONMENT,
    "environments.NAME.further_regions": Effect(ACCEPTED, f"{_WIDER}; a region that is taken out keeps its stacks"),
    "environments.NAME.availability_zones": _ADDRESSES,
    "environments.NAME.image": _TASKS,
    "environments.NAME.bake_minutes": Effect(ACCEPTED, "to 0 only, since the log of the bakes leaves the stack"),
    "environments.NAME.retain_data": Effect(ACCEPTED, f"to false, since {_WIDER}"),
    "environments.NAME.alarm_email": _MAILS,
    "environments.NAME.share_alarms": Effect(ACCEPTED, _WIDER),
    "environments.NAME.network.cidr": _ADDRESSES,
    "environments.NAME.network.public_subnets": _ADDRESSES,
    "environments.NAME.network.private_subnets": Effect(REPLACES, "the subnets; new tasks take over"),
    "environments.NAME.network.isolated_subnets": Effect(REFUSED, "by AWS, while the database is in them"),
    "environments.NAME.network.nat_gateways": Effect(ACCEPTED, "an address that others may know is released"),
    "environments.NAME.network.interface_endpoints": Effect(REPLACES, "traffic to AWS takes another way"),
    "environments.NAME.database.instance_class": Effect(INTERRUPTS, "the database"),
    "environments.NAME.database.multi_az": Effect(INTERRUPTS, "the database"),
    "environments.NAME.database.storage_gib": Effect(REFUSED, "a smaller one, or less than 10 % more, by AWS"),
    "environments.NAME.database.backup_retention_days": Effect(INTERRUPTS, "the database, from or to 0"),
    "environments.NAME.database.operator_access": Effect(ACCEPTED, f"{_WIDER}; new tasks take over"),
    "environments.NAME.cache.node_type": Effect(INTERRUPTS, "the cache"),
    "environments.NAME.tasks.cpu": _TASKS,
    "environments.NAME.tasks.memory": _TASKS,
    "environments.NAME.tasks.heap": _TASKS,
    "environments.NAME.tasks.log_level": _TASKS,
    "environments.NAME.tasks.spot": Effect(REPLACES, "the ECS service"),
    "environments.NAME.tasks.deployment": Effect(REFUSED, "only one value is supported"),
    "environments.NAME.recovery.backups": Effect(ACCEPTED, _REMOVED),
    "environments.NAME.recovery.daily_retention_days": _LOCKED,
    "environments.NAME.recovery.monthly_retention_days": _LOCKED,
    "environments.NAME.recovery.vault_lock": _LOCKED,
    "environments.NAME.recovery.copy_region": Effect(ACCEPTED, _WIDER),
    "environments.NAME.recovery.restore_test": Effect(REPLACES, "the plan of the tests is removed"),
    "environments.NAME.recovery.drift_check": Effect(ACCEPTED, _REMOVED),
    "environments.NAME.distribution.open_engine_api": Effect(REPLACES, "the function that closes the API is removed"),
    "environments.NAME.firewall.enabled": Effect(ACCEPTED, _REMOVED),
    "environments.NAME.tags.owner": _TASKS,
    "environments.NAME.tags.cost_center": _TASKS,
    "environments.NAME.tags.compliance": _TASKS,
    "environments.NAME.tags.backup_policy": _TASKS,
    "environments.NAME.domain.name": Effect(REPLACES, "certificates and DNS records"),
    "environments.NAME.domain.hosted_zone_id": Effect(REPLACES, "certificates and DNS records"),
    "environments.NAME.domain.edge_certificate_arn": Effect(REPLACES, "the certificate"),
}
"""By dotted path; every other key is harmless."""


def effect_of(path: str) -> Effect:
    """Return what changing the key does; `path` is dotted, with NAME for the name of an environment."""
    return OF_KEYS.get(path, Effect(HARMLESS))
