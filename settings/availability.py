"""What settings need of regions: each use of a service that a region may lack, with the value that asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from settings.aws.availability import absent, nearest, unclear
from settings.aws.data import BY_DATA, REGIONS, SOURCES, UNCHECKED_REGIONS
from settings.aws.services import (
    BACKUPS,
    BUDGETS,
    CERTIFICATES,
    CHAT,
    CLOUDTRAIL,
    CONFIG,
    COPIES,
    ENVIRONMENT,
    FIREWALL,
    GUARDDUTY,
    PIPELINE,
    RESTORE_TESTING,
    Service,
)
from settings.sections.base import skip_missing
from settings.sections.environment import EDGE_REGION, EnvironmentSettings
from settings.validation.messages import Mistake
from settings.validation.toml_format import Path, dotted, listed

if TYPE_CHECKING:
    from settings.model import Settings


@dataclass(frozen=True)
class Need:
    """A value of the settings, and the services it needs in a region."""

    path: Path
    region: str
    services: tuple[Service, ...]
    otherwise: str = ""
    """How to do without, to be read before "the nearest region"; empty if the value is the region itself."""


def unavailable(settings: "Settings") -> Iterator[Mistake]:
    """Yield the values that need a service in a region without it."""
    for need in needs(settings):
        if missing := absent(need.services, need.region):
            having = (one for one in REGIONS if not absent(need.services, one) and not unclear(need.services, one))
            what = (
                f"needs {listed(missing)}, which {need.region} lacks" if need.otherwise else f"lacks {listed(missing)}"
            )
            advice = f"{need.otherwise}, or take another region: " if need.otherwise else ""
            them = "it" if len(missing) == 1 else "them"
            yield Mistake(need.path, f"{what} ({BY_DATA}); {advice}{nearest(need.region, having, them)}")


def unknown(settings: "Settings") -> Iterator[str]:
    """Yield a warning for each value that needs a service of which it is not known whether the region has it."""
    for need in needs(settings):
        open_ones = unclear(need.services, need.region)
        if open_ones and not absent(need.services, need.region):
            why = (
                "cfn-lint knows no CloudFormation resource types there"
                if need.region in UNCHECKED_REGIONS
                else "the sources contradict each other"
            )
            yield (
                f"{dotted(need.path)}: whether {need.region} has {listed(open_ones)} is not known: {why} "
                f"({SOURCES}; {BY_DATA}). Check AWS's list of services by region before you push"
            )


def needs(settings: "Settings") -> Iterator[Need]:
    """Yield what the settings need; values that are invalid need nothing."""
    for find in (_of_pipeline, _of_chat, _of_audit):
        with skip_missing():
            yield from find(settings)
    for name, environment in settings.environments.items():
        for find_its in (_of_regions, _of_copies, _of_backups, _of_restore_tests, _of_budget, _of_edge):
            with skip_missing():
                for need in find_its(environment):
                    path = ("environments", name, *need.path)
                    yield Need(path, need.region, need.services, need.otherwise)


def _of_pipeline(settings: "Settings") -> Iterator[Need]:
    yield Need(("pipeline", "region"), settings.pipeline.region, PIPELINE)


def _of_chat(settings: "Settings") -> Iterator[Need]:
    if settings.pipeline.chat is not None:
        yield Need(("pipeline", "chat"), settings.pipeline.region, (CHAT,), "remove the table")


def _of_audit(settings: "Settings") -> Iterator[Need]:
    for key, service in (("trail", CLOUDTRAIL), ("guardduty", GUARDDUTY), ("config", CONFIG)):
        if getattr(settings.audit, key):
            regions = [settings.pipeline.region]
            for environment in settings.environments.values():
                with skip_missing():
                    regions += _regions(environment).values()
            for region in dict.fromkeys(regions):
                yield Need(("audit", key), region, (service,), "set it to false")


def _regions(environment: EnvironmentSettings) -> dict[Path, str]:
    """Return the regions that the environment is deployed to, by the keys that name them."""
    further: dict[Path, str] = {("further_regions", region): region for region in environment.further_regions}
    return {("region",): environment.region, **further}


def _of_regions(environment: EnvironmentSettings) -> Iterator[Need]:
    for path, region in _regions(environment).items():
        yield Need(path, region, ENVIRONMENT)


def _of_copies(environment: EnvironmentSettings) -> Iterator[Need]:
    if environment.recovery.copy_region is not None:
        yield Need(("recovery", "copy_region"), environment.recovery.copy_region, COPIES)


def _of_backups(environment: EnvironmentSettings) -> Iterator[Need]:
    if environment.recovery.backups:
        for region in _regions(environment).values():
            yield Need(("recovery", "backups"), region, BACKUPS, "set it to false")


def _of_restore_tests(environment: EnvironmentSettings) -> Iterator[Need]:
    if environment.recovery.backups and environment.recovery.restore_test:
        for region in _regions(environment).values():
            yield Need(("recovery", "restore_test"), region, (RESTORE_TESTING,), "set it to false")


def _of_budget(environment: EnvironmentSettings) -> Iterator[Need]:
    if environment.monthly_budget_usd is not None:
        for region in _regions(environment).values():
            yield Need(("monthly_budget_usd",), region, (BUDGETS,), "remove the key and create the budget by hand")


def _of_edge(environment: EnvironmentSettings) -> Iterator[Need]:
    if environment.firewall.enabled:
        yield Need(("firewall", "enabled"), EDGE_REGION, FIREWALL, "set it to false")
    if environment.domain is not None:
        yield Need(("domain",), environment.region, (CERTIFICATES,), "remove the table")
