"""The root of `delivery.toml`, with its tables `[repository]` and `[pipeline]`; sections/ has the others.

Defaults are the reference architecture's values for production, so a production environment needs little more than an
account and a region. Each table is a class, and each key an attribute.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import Field

from settings.availability import unavailable, unknown
from settings.sections.accepted_changes import FINGERPRINT, AcceptedPermissions
from settings.sections.audit import AuditSettings, AuditShare
from settings.sections.base import Section, rule, skip_missing
from settings.sections.chat import ChatSettings
from settings.sections.compliance import ComplianceSettings
from settings.sections.environment import EnvironmentSettings, TagSettings
from settings.sections.image import ImageSettings
from settings.types.aws_formats import (
    Account,
    Action,
    BranchName,
    ConnectionArn,
    Email,
    PathPattern,
    RepositoryName,
    RepositoryUrl,
)
from settings.types.costs import Costs
from settings.types.environment_names import ENVIRONMENT_NAME, LONGEST, LONGEST_BUCKET, copies_bucket
from settings.types.image_uri import EcrImage
from settings.types.log_retention import LogRetentionDays
from settings.types.regions import Region
from settings.validation.constraints import between, one_of
from settings.validation.messages import Mistake, mistakes_in_keys
from settings.validation.toml_format import Path, dotted, quoted

MAX_STAGES = 46
"""A pipeline has at most 50 stages (CodePipeline User Guide, "Quotas"); four come before the environments."""

LONGEST_LINK = 600
"""Characters of a link without the file's name: CloudWatch allows 1024 for the whole description of an alarm."""

PRODUCTION = "prod"
"""The environment with the strictest rules, whether or not it needs an approval."""

INTERRUPTED = (
    "AWS interrupts Spot tasks with two minutes' notice; when the active engine's task stops, "
    "YAWL is unavailable until another engine is active"
)

ADMINISTRATOR = "administrator"
LEAST_PRIVILEGE = "least-privilege"
EXECUTIONS = (ADMINISTRATOR, LEAST_PRIVILEGE)
"""The permissions of CloudFormation in a bootstrapped account."""

QUEUED = "queued"
EXECUTION_MODES = ("superseded", QUEUED)
"""CodePipeline's, without `parallel`: two releases could deploy one environment at the same time, and CodePipeline
cannot roll back a stage (CodePipeline User Guide, "Set or change the pipeline execution mode")."""

MAX_PATTERNS = 8
"""Included or excluded patterns of a trigger (CodePipeline API Reference, GitFilePathFilterCriteria)."""
EVERY_FILE = ("**", "**/*", "**/**")
"""Patterns that match whatever a push changes. What is excluded stays so if it is included too."""


class RepositorySettings(Section):
    """The source repository."""

    name: RepositoryName
    """The repository that holds this project."""
    branch: BranchName = "main"
    """A push to this branch starts the pipeline."""
    connection_arn: ConnectionArn
    """The CodeConnections connection that can read the repository."""
    paths: list[PathPattern] = []
    """Patterns of files, such as `container/**`: only a push that changes one of them starts the pipeline. At most 8;
    none: every push does. The next release contains the other commits too."""
    ignored_paths: list[PathPattern] = []
    """Patterns of files, such as `docs/**`: a push that changes only these does not start the pipeline. At most 8."""
    url: RepositoryUrl | None = None
    """The repository's page, such as `https://github.com/owner/name`: alarms and dashboards link to the runbooks there;
    None: they name the runbook's path."""

    def page(self, path: str) -> str:
        """Return the address of a file at the delivered branch, or the file's path if the repository has no `url`."""
        if self.url is None:
            return path
        host = urlsplit(self.url).netloc
        folder = "/-/blob" if "gitlab" in host else "/src" if "bitbucket" in host else "/blob"
        return f"{self.url}{folder}/{quote(self.branch)}/{path}"

    @rule
    def _patterns_fit_a_trigger(self) -> Iterator[Mistake]:
        for key in ("paths", "ignored_paths"):
            with skip_missing():
                patterns = getattr(self, key)
                if len(patterns) > MAX_PATTERNS:
                    yield Mistake(
                        (key,), f"has {len(patterns)} patterns; CodePipeline accepts {MAX_PATTERNS}: combine some"
                    )
                for index, pattern in enumerate(patterns):
                    if pattern in patterns[:index]:
                        yield Mistake((key, index), "is a duplicate; remove it")
                    elif key == "ignored_paths" and pattern in (*self.paths, *EVERY_FILE):
                        yield Mistake(
                            (key, index),
                            "ignores every file, so no push would start the pipeline; remove it"
                            if pattern in EVERY_FILE
                            else "is also in repository.paths, where it then has no effect; remove one of the two",
                        )

    @rule
    def _links_fit_into_alarms(self) -> Iterator[Mistake]:
        if self.url is not None and len(self.page("")) > LONGEST_LINK:
            yield Mistake(
                ("branch",),
                f"makes links to runbooks of {len(self.page(''))} characters, for which alarms' descriptions have "
                f"{LONGEST_LINK}: take a shorter name, or remove repository.url",
            )

    @rule
    def _url_is_of_the_repository(self) -> Iterator[Mistake]:
        if self.url is not None and not self.url.endswith(f"/{self.name}"):
            yield Mistake(("url",), f"must end in /{self.name}, as repository.name says")


class PipelineSettings(Section):
    """The pipeline and its account."""

    account: Account
    """The AWS account of the pipeline, its artifacts and the approvals."""
    region: Region
    """The pipeline's region. Environments may be in others."""
    approval_email: Email | None = None
    """Address for pending approvals; None: the topic has no subscriber."""
    notification_email: Email | None = None
    """Address for deliveries that started, failed, were rolled back or reached an environment; None: no mails."""
    chat: ChatSettings | None = None
    """The channel for all notifications; None: no channel."""
    log_retention_days: Annotated[LogRetentionDays, Costs("by the GiB and month kept")] = 90
    """How long build logs are kept."""
    artifact_retention_days: Annotated[int, between(1, 36_500, "days"), Costs("by the GiB and month kept")] = 90
    """How long the pipeline's artifacts are kept (reference, Storage: artifacts 90 days)."""
    release_retention_days: Annotated[int, between(1, 36_500, "days")] = 400
    """How long a release record cannot be deleted: a year plus time for its audit."""
    execution_mode: Annotated[str, one_of(EXECUTION_MODES)] = EXECUTION_MODES[0]
    """What happens to a release that waits behind another one: `superseded`, a newer one takes its place; `queued`,
    each is delivered in turn. With `parallel`, two releases could deploy to one environment at the same time."""
    execution: Annotated[str, one_of(EXECUTIONS)] = ADMINISTRATOR
    """The permissions of CloudFormation in the accounts: all, or only those that the templates need; every role then
    has a permissions boundary. After a change, run `make bootstrap`, then push. `least-privilege` has not been tested
    on AWS yet."""
    execution_actions: list[Action] = []
    """Additional actions for CloudFormation: those that were denied because the AWS resource schemas lack them."""
    accepted_changes: dict[str, AcceptedPermissions] = {}
    """Accepted broader permissions of the pipeline itself, by the fingerprint that its update prints."""
    tags: TagSettings = TagSettings(backup_policy="none")
    """The tags of the pipeline's own resources. It has no data that a push does not restore."""

    @property
    def is_queued(self) -> bool:
        """Whether each waiting release is delivered in turn."""
        return self.execution_mode == QUEUED

    @property
    def has_least_privilege(self) -> bool:
        """Whether CloudFormation may do only what the templates need."""
        return self.execution == LEAST_PRIVILEGE

    @rule
    def _fingerprints_are_valid(self) -> Iterator[Mistake]:
        yield from mistakes_in_keys("accepted_changes", self.accepted_changes, FINGERPRINT)


class Settings(Section):
    """The whole of `delivery.toml`."""

    repository: RepositorySettings
    pipeline: PipelineSettings
    image: ImageSettings
    compliance: ComplianceSettings = ComplianceSettings()
    audit: AuditSettings = AuditSettings()
    environments: Annotated[dict[str, EnvironmentSettings], Field(min_length=1)]
    """Environments by name, in the order of delivery."""

    def image_of(self, environment: str) -> ImageSettings:
        """Return the environment's image."""
        own = self.environments[environment].image
        return ImageSettings(uri=own) if own else self.image

    def runbooks_of(self, name: str) -> str:
        """Return the page with the runbooks of an environment's alarms, or with the pipeline's if named `delivery`."""
        return self.repository.page(f"docs/runbooks/{name}.md")

    def audit_of(self, environment: str, region: str) -> AuditShare:
        """Return the audit resources of the environment's stack in one of its regions."""
        deployments = [
            (name, regional.account, regional.region)
            for name, settings in self.environments.items()
            for wave in settings.waves
            for regional in wave
        ]
        account = self.environments[environment].account
        earlier = deployments[: deployments.index((environment, account, region))]
        return self._audit(account, region, earlier=[deployment[1:] for deployment in earlier])

    @property
    def audit_of_the_pipeline(self) -> AuditShare:
        """The audit resources of the pipeline: those of its account that no environment there has."""
        earlier = [(environment.account, environment.region) for environment in self.in_all_regions()]
        return self._audit(self.pipeline.account, self.pipeline.region, earlier=earlier)

    def _audit(self, account: str, region: str, *, earlier: Sequence[tuple[str, str]]) -> AuditShare:
        return AuditShare(
            settings=self.audit,
            first_in_account=account not in {account for account, _ in earlier},
            first_in_region=(account, region) not in earlier,
        )

    def in_all_regions(self) -> list[EnvironmentSettings]:
        """Return every environment in each of its regions, in the order of delivery."""
        return [one for environment in self.environments.values() for wave in environment.waves for one in wave]

    def warnings(self) -> list[str]:
        """Return a line for each setting that is allowed but risky, to be shown at synthesis."""
        return [
            *self.image.warnings(),
            *(
                f"image.{key}: {_lack(key)}: the build uses whatever it downloads. "
                f"Not allowed for {PRODUCTION} or for environments that need an approval"
                for key in self.image.unverified()
            ),
            *(
                f"{dotted(('environments', name, 'tasks', 'spot'))}: {INTERRUPTED}. Not allowed for {PRODUCTION}"
                for name, environment in self.environments.items()
                if environment.tasks.spot
            ),
            *(
                f"{dotted(('environments', name, 'tasks', 'off_hours', 'time_zone'))}: {quoted(off_hours.time_zone)} "
                f"is another name of {off_hours.canonical_zone}, and AWS documents only canonical names for scheduled "
                "scaling: use that one, here and in deployment_window"
                for name, environment in self.environments.items()
                if (off_hours := environment.tasks.off_hours) and off_hours.canonical_zone != off_hours.time_zone
            ),
            *self._warnings_of_production(),
            *unknown(self),
        ]

    def _warnings_of_production(self) -> Iterator[str]:
        names = list(self.environments)
        for number, name in enumerate(names):
            if not is_production(name):
                continue
            environment, path = self.environments[name], ("environments", name)
            if not environment.approval:
                yield f"{dotted((*path, 'approval'))}: is false: every push reaches {name} without anyone's approval"
            if not environment.retain_data:
                yield (
                    f"{dotted((*path, 'retain_data'))}: is false: the data of {name} is deleted with its stacks, and "
                    "nothing protects it from deletion"
                )
            if later := [after for after in names[number + 1 :] if not is_production(after)]:
                yield (
                    f"{dotted(path)}: is delivered before {', '.join(later)}, which therefore cannot test a release "
                    "first: tables are in the order of delivery"
                )

    @rule
    def _regions_have_what_is_asked_for(self) -> Iterator[Mistake]:
        yield from unavailable(self)

    @rule
    def _names_are_valid(self) -> Iterator[Mistake]:
        yield from mistakes_in_keys("environments", self.environments, ENVIRONMENT_NAME)

    @rule
    def _stages_within_quota(self) -> Iterator[Mistake]:
        approvals = [name for name, environment in self.environments.items() if getattr(environment, "approval", False)]
        # Each environment has a stage for its change review and one for its deployment.
        stages = 2 * len(self.environments) + len(approvals)
        for environment in self.environments.values():
            with skip_missing():
                # Each later wave of regions has its own stage.
                stages += len(set(environment.further_regions.values()))
        if stages > MAX_STAGES:
            yield Mistake(
                ("environments",),
                f"are {len(self.environments)}, {len(approvals)} of them with approval, which makes {stages} stages: "
                f"a pipeline has room for {MAX_STAGES}. Remove environments, approvals or waves of further_regions, or "
                "deliver some with a pipeline in another account",
            )

    @property
    def _well_named(self) -> dict[str, EnvironmentSettings]:
        """The environments with valid names; nothing follows from those of others, which may contain anything."""
        return {name: one for name, one in self.environments.items() if ENVIRONMENT_NAME.problem(name) is None}

    @rule
    def _names_in_further_regions_are_valid(self) -> Iterator[Mistake]:
        for name, environment in self._well_named.items():
            with skip_missing():
                for region in environment.further_regions:
                    path = ("environments", name, "further_regions", region)
                    there = f"{name}-{region}"
                    if len(there) > LONGEST:
                        yield Mistake(
                            path,
                            f"makes the name {there} too long: at most {LONGEST} characters are allowed; shorten the "
                            f"environment's name by {len(there) - LONGEST}",
                        )
                    if there in self.environments:
                        yield Mistake(
                            path, f"makes the name {there}, which another environment has: rename one of them"
                        )

    @rule
    def _bucket_names_of_copies_are_valid(self) -> Iterator[Mistake]:
        for name, environment in self._well_named.items():
            with skip_missing():
                region = environment.recovery.copy_region
                bucket = copies_bucket(name, environment.account, region or "")
                if region is not None and len(bucket) > LONGEST_BUCKET:
                    yield Mistake(
                        ("environments", name, "recovery", "copy_region"),
                        f"makes the bucket name {bucket} {len(bucket)} characters long; S3 allows {LONGEST_BUCKET}: "
                        f"shorten the environment's name by {len(bucket) - LONGEST_BUCKET}",
                    )

    @rule
    def _approved_image_is_fixed(self) -> Iterator[Mistake]:
        waiting: dict[Path, list[str]] = {}
        for name, environment in self.environments.items():
            with skip_missing():
                uri = environment.image or self.image.uri
                if environment.approval and uri and EcrImage.parse(uri).is_latest:
                    path = ("environments", name, "image") if environment.image else ("image", "uri")
                    waiting.setdefault(path, []).append(dotted(("environments", name)))
        for path, names in waiting.items():
            yield Mistake(
                path,
                "must end in a fixed tag or a digest: latest may change after the approval of " + ", ".join(names),
            )

    @rule
    def _built_image_is_verified(self) -> Iterator[Mistake]:
        strict: list[str] = []
        for name, environment in self.environments.items():
            with skip_missing():
                if environment.image is None and (environment.approval or name == PRODUCTION):
                    strict.append(dotted(("environments", name)))
        if strict:
            with skip_missing():
                for key in self.image.unverified():
                    yield Mistake(
                        ("image", key), f"{_lack(key)}: {', '.join(strict)} must not run unverified software; add it"
                    )

    @rule
    def _production_is_always_available(self) -> Iterator[Mistake]:
        with skip_missing():
            tasks = self.environments[PRODUCTION].tasks if PRODUCTION in self.environments else None
            if tasks and tasks.spot:
                yield Mistake(
                    ("environments", PRODUCTION, "tasks", "spot"), f"is not allowed: {INTERRUPTED}; remove it"
                )
            if tasks and tasks.off_hours:
                yield Mistake(
                    ("environments", PRODUCTION, "tasks", "off_hours"),
                    "is not allowed: YAWL is unavailable during off-hours; remove it",
                )

    @rule
    def _no_name_begins_with_another(self) -> Iterator[Mistake]:
        """IAM policies and alarms of an environment apply to all names that begin with its own, in its account."""
        for (name, one), (longer, other) in permutations(self._well_named.items(), 2):
            with skip_missing():
                if one.account != other.account:
                    continue
                # Also in further regions, where the name is followed by the region.
                pairs = product(_names_and_paths(name, one), _names_and_paths(longer, other))
                for (start, _), (full, path) in pairs:
                    if full.startswith(f"{start}-"):
                        must = "must not" if full == longer else f"makes the name {full}, which must not"
                        yield Mistake(
                            path,
                            f"{must} start with {quoted(f'{start}-')}: {dotted(('environments', name))} is in the same "
                            f"account, where its permissions and alarms cover all names that start with yawl-{start}-. "
                            "Use another account, or a name that starts differently",
                        )
                        break

    @rule
    def _one_alarm_role_per_account(self) -> Iterator[Mistake]:
        sharing: dict[str, str] = {}
        for name, environment in self.environments.items():
            with skip_missing():
                if environment.share_alarms:
                    first = sharing.setdefault(environment.account, name)
                    if first != name:
                        yield Mistake(
                            ("environments", name, "share_alarms"),
                            f"duplicates {dotted(('environments', first, 'share_alarms'))}: one role per account "
                            "serves all its environments; remove it",
                        )

    @rule
    def _domains_differ(self) -> Iterator[Mistake]:
        for (name, one), (later, other) in combinations(self.environments.items(), 2):
            with skip_missing():
                if not one.domain or not other.domain:
                    continue
                path, earlier = (
                    ("environments", later, "domain", "name"),
                    dotted(("environments", name, "domain", "name")),
                )
                if one.domain.name == other.domain.name:
                    yield Mistake(
                        path, f"duplicates {earlier}: only one CloudFront distribution can have a name; take another"
                    )
                elif one.domain.name == other.domain.origin or other.domain.name == one.domain.origin:
                    yield Mistake(
                        path,
                        f"conflicts with {earlier} {quoted(one.domain.name)}: origin. and a domain's name is the "
                        "address of its environment's load balancer; take another",
                    )


def _names_and_paths(name: str, environment: EnvironmentSettings) -> list[tuple[str, Path]]:
    """Return what an environment is called in each of its regions, with the setting that makes it so."""
    path: Path = ("environments", name)
    further = [(f"{name}-{region}", (*path, "further_regions", region)) for region in environment.further_regions]
    return [(name, path), *further]


def is_production(name: str) -> bool:
    """Whether an environment is production by its name: prod, prod-eu, production, production-eu."""
    return name in (PRODUCTION, "production") or name.startswith((f"{PRODUCTION}-", "production-"))


def _lack(key: str) -> str:
    return "has no digest (@sha256: and 64 digits)" if key == "base" else "missing"
