"""What a user configures: the typed model of `delivery.toml`."""

from settings.load import load
from settings.model import (
    CacheSettings,
    DatabaseSettings,
    DistributionSettings,
    DomainSettings,
    EnvironmentSettings,
    NetworkSettings,
    PipelineSettings,
    RepositorySettings,
    Settings,
    StorageSettings,
    TagSettings,
    TasksSettings,
    VerificationSettings,
)

__all__ = [
    "CacheSettings",
    "DatabaseSettings",
    "DistributionSettings",
    "DomainSettings",
    "EnvironmentSettings",
    "NetworkSettings",
    "PipelineSettings",
    "RepositorySettings",
    "Settings",
    "StorageSettings",
    "TagSettings",
    "TasksSettings",
    "VerificationSettings",
    "load",
]
