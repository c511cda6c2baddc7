"""What a user configures: the typed model of `delivery.toml`."""

from settings.aws.data import LOG_RETENTION_DAYS
from settings.load import load
from settings.model import PipelineSettings, RepositorySettings, Settings
from settings.sections.audit import AuditSettings, AuditShare
from settings.sections.cache import CacheSettings
from settings.sections.compliance import ComplianceSettings
from settings.sections.database import DatabaseSettings
from settings.sections.distribution import DistributionSettings
from settings.sections.domain import DomainSettings
from settings.sections.environment import EDGE_REGION, EnvironmentSettings, TagSettings, VerificationSettings
from settings.sections.firewall import FirewallSettings
from settings.sections.image import ImageSettings
from settings.sections.network import NetworkSettings
from settings.sections.off_hours import OffHoursSettings
from settings.sections.recovery import RecoverySettings
from settings.sections.storage import StorageSettings
from settings.sections.tasks import TasksSettings
from settings.validation.errors import SettingsError
from settings.validation.example_accounts import example_accounts

__all__ = [
    "EDGE_REGION",
    "LOG_RETENTION_DAYS",
    "AuditSettings",
    "AuditShare",
    "CacheSettings",
    "ComplianceSettings",
    "DatabaseSettings",
    "DistributionSettings",
    "DomainSettings",
    "EnvironmentSettings",
    "FirewallSettings",
    "ImageSettings",
    "NetworkSettings",
    "OffHoursSettings",
    "PipelineSettings",
    "RecoverySettings",
    "RepositorySettings",
    "Settings",
    "SettingsError",
    "StorageSettings",
    "TagSettings",
    "TasksSettings",
    "VerificationSettings",
    "example_accounts",
    "load",
]
