"""What a user configures: the typed model of `delivery.toml`."""

from settings.audit import AuditSettings, AuditShare
from settings.cache import CacheSettings
from settings.compliance import ComplianceSettings
from settings.database import DatabaseSettings
from settings.distribution import DistributionSettings
from settings.domain import DomainSettings
from settings.environment import EDGE_REGION, EnvironmentSettings, TagSettings, VerificationSettings
from settings.errors import SettingsError
from settings.example_accounts import example_accounts
from settings.firewall import FirewallSettings
from settings.image import ImageSettings
from settings.load import load
from settings.log_retention import RETENTION_DAYS
from settings.model import PipelineSettings, RepositorySettings, Settings
from settings.network import NetworkSettings
from settings.night import NightSettings
from settings.recovery import RecoverySettings
from settings.storage import StorageSettings
from settings.tasks import TasksSettings

__all__ = [
    "EDGE_REGION",
    "RETENTION_DAYS",
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
    "NightSettings",
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
