"""All of `delivery.toml`.

Defaults are the figures of the reference architecture for production, so that a production environment needs little
more than an account and a region; smaller environments say where they are smaller. A table of the file is a class here
or in the file of its name, a key is an attribute.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import Annotated

from pydantic import Field

from settings.sections.accepted_changes import AcceptedPermissions, Fingerprint
from settings.sections.audit import AuditSettings, AuditShare
from settings.sections.base import Mistake, Path, Section, rule, skipping_gaps
from settings.sections.chat import ChatSettings
from settings.sections.compliance import ComplianceSettings
from settings.sections.environment import EnvironmentSettings, TagSettings
from settings.sections.image import ImageSettings
from settings.types.aws_formats import Account, Action, BranchName, ConnectionArn, Email, RepositoryName
from settings.types.costs import Costs
from settings.types.environment_names import LONGEST, EnvironmentName
from settings.types.image_uri import moves
from settings.types.log_retention import LogRetentionDays
from settings.types.regions import Region
from settings.validation.constraints import Between, OneOf
from settings.validation.toml_format import dotted, quoted

MOST_STAGES = 46
"""A pipeline has at most 50 stages (CodePipeline User Guide, "Quotas"): four of them come before the environments."""


PRODUCTION = "prod"
"""The environment that gets nothing unverified, whether or not it waits for an approval."""


INTERRUPTED = (
    "AWS takes Spot capacity back at two minutes' notice; when the active engine's task goes, "
    "everybody waits until another one leads"
)


ADMINISTRATOR = "administrator"
LEAST_PRIVILEGE = "least-privilege"
EXECUTIONS = (ADMINISTRATOR, LEAST_PRIVILEGE)
"""What CloudFormation may be allowed in a bootstrapped account."""


class RepositorySettings(Section):
    """Where the source comes from."""

    name: RepositoryName
    """The repository that holds this project, as its host calls it."""
    branch: BranchName = "main"
    """The branch whose pushes start the pipeline."""
    connection_arn: ConnectionArn
    """The CodeConnections connection that may read the repository."""


class PipelineSettings(Section):
    """The account the pipeline itself lives in."""

    account: Account
    """The AWS account that holds the pipeline, its artifacts and the approvals."""
    region: Region
    """Where the pipeline is. The environments may be elsewhere."""
    approval_email: Email | None = None
    """Who is told that an approval waits; None: nobody is subscribed to the topic."""
    notification_email: Email | None = None
    """Who is told that a delivery started, failed, was rolled back or reached an environment; None: nobody is."""
    chat: ChatSettings | None = None
    """The channel that is told of everything; None: none is."""
    log_retention_days: Annotated[LogRetentionDays, Costs("by the GiB and month kept")] = 90
    """How long the logs of the builds are kept."""
    artifact_retention_days: Annotated[int, Between(1, 36_500, "days"), Costs("by the GiB and month kept")] = 90
    """How long the pipeline's artifacts are kept (reference, Storage: artifacts 90 days)."""
    release_retention_days: Annotated[int, Between(1, 36_500, "days")] = 400
    """How long nobody can delete the record of a release: a year, and the time of its audit."""
    execution: Annotated[str, OneOf(EXECUTIONS)] = ADMINISTRATOR
    """What CloudFormation may do in the accounts: all, or what the templates take; then every role has a permissions
    boundary. After a change: `make bootstrap`, then push. Nobody has seen least-privilege on AWS yet."""
    execution_actions: list[Action] = []
    """What CloudFormation needs besides: actions that were denied and that no schema of AWS names."""
    accepted_changes: dict[Fingerprint, AcceptedPermissions] = {}
    """Broader permissions of the pipeline's own that are meant, by the fingerprint its update prints."""
    tags: TagSettings = TagSettings(backup_policy="none")
    """The tags of the pipeline's own resources. It holds nothing that a push does not bring back."""

    @property
    def has_least_privilege(self) -> bool:
        """Whether CloudFormation is allowed only what the templates take."""
        return self.execution == LEAST_PRIVILEGE


class Settings(Section):
    """All of `delivery.toml`."""

    repository: RepositorySettings
    pipeline: PipelineSettings
    image: ImageSettings
    compliance: ComplianceSettings = ComplianceSettings()
    audit: AuditSettings = AuditSettings()
    environments: Annotated[dict[EnvironmentName, EnvironmentSettings], Field(min_length=1)]
    """Environments by name, in the order of delivery."""

    def image_of(self, environment: str) -> ImageSettings:
        """Return the image that the environment runs."""
        own = self.environments[environment].image
        return ImageSettings(uri=own) if own else self.image

    def audit_of(self, environment: str, region: str) -> AuditShare:
        """Return what the environment has of its account's audit in one of its regions."""
        places = [
            (name, one.account, one.region)
            for name, its in self.environments.items()
            for wave in its.waves
            for one in wave
        ]
        here = (environment, self.environments[environment].account, region)
        return self._audit(here[1], region, before=[place[1:] for place in places[: places.index(here)]])

    @property
    def audit_of_the_pipeline(self) -> AuditShare:
        """What the pipeline has of its account's audit: what no environment there has."""
        before = [(one.account, one.region) for one in self.in_all_regions()]
        return self._audit(self.pipeline.account, self.pipeline.region, before=before)

    def _audit(self, account: str, region: str, *, before: Sequence[tuple[str, str]]) -> AuditShare:
        return AuditShare(
            settings=self.audit,
            first_in_account=account not in {account for account, _ in before},
            first_in_region=(account, region) not in before,
        )

    def in_all_regions(self) -> list[EnvironmentSettings]:
        """Return every environment in each of its regions, in the order of delivery."""
        return [one for environment in self.environments.values() for wave in environment.waves for one in wave]

    def warnings(self) -> list[str]:
        """Return a line for each thing that is allowed and should not stay, to be shown to whoever synthesizes."""
        return [
            *(
                f"image.{key}: {_lack(key)}: whatever is downloaded is built in. "
                f"Refused for {PRODUCTION} and for environments that wait for an approval"
                for key in self.image.unverified()
            ),
            *(
                f"{dotted(('environments', name, 'tasks', 'spot'))}: {INTERRUPTED}. Refused for {PRODUCTION}"
                for name, environment in self.environments.items()
                if environment.tasks.spot
            ),
        ]

    @rule
    def _stages_for_all(self) -> Iterator[Mistake]:
        gates = [name for name, environment in self.environments.items() if getattr(environment, "approval", False)]
        # Each environment has a stage for the review of its changes, and one for its deployment.
        stages = 2 * len(self.environments) + len(gates)
        for environment in self.environments.values():
            with skipping_gaps():
                # Each later wave of regions has a stage too.
                stages += len(set(environment.further_regions.values()))
        if stages > MOST_STAGES:
            yield Mistake(
                ("environments",),
                f"are {len(self.environments)}, {len(gates)} of them with approval, which makes {stages} stages: "
                f"a pipeline has {MOST_STAGES} for them at most",
            )

    @rule
    def _names_in_further_regions(self) -> Iterator[Mistake]:
        for name, environment in self.environments.items():
            with skipping_gaps():
                for region in environment.further_regions:
                    path = ("environments", name, "further_regions", region)
                    there = f"{name}-{region}"
                    if len(there) > LONGEST:
                        yield Mistake(path, f"makes the name {there} too long: at most {LONGEST} characters fit")
                    if there in self.environments:
                        yield Mistake(path, f"makes the name {there}, which is another environment's")

    @rule
    def _approved_image_stays(self) -> Iterator[Mistake]:
        waiting: dict[Path, list[str]] = {}
        for name, environment in self.environments.items():
            with skipping_gaps():
                uri = environment.image or self.image.uri
                if environment.approval and uri and moves(uri):
                    path = ("environments", name, "image") if environment.image else ("image", "uri")
                    waiting.setdefault(path, []).append(dotted(("environments", name)))
        for path, names in waiting.items():
            yield Mistake(
                path,
                "must end in a fixed tag or a digest: what latest names may change after the approval of "
                + ", ".join(names),
            )

    @rule
    def _built_image_is_verified(self) -> Iterator[Mistake]:
        careful: list[str] = []
        for name, environment in self.environments.items():
            with skipping_gaps():
                if environment.image is None and (environment.approval or name == PRODUCTION):
                    careful.append(dotted(("environments", name)))
        if careful:
            with skipping_gaps():
                for key in self.image.unverified():
                    yield Mistake(
                        ("image", key), f"{_lack(key)}: {', '.join(careful)} must not get what nobody has verified"
                    )

    @rule
    def _production_always_serves(self) -> Iterator[Mistake]:
        with skipping_gaps():
            tasks = self.environments[PRODUCTION].tasks if PRODUCTION in self.environments else None
            if tasks and tasks.spot:
                yield Mistake(("environments", PRODUCTION, "tasks", "spot"), f"does not fit: {INTERRUPTED}")
            if tasks and tasks.night:
                yield Mistake(
                    ("environments", PRODUCTION, "tasks", "night"), "does not fit: nobody is served while tasks sleep"
                )

    @rule
    def _alarms_told_apart(self) -> Iterator[Mistake]:
        for (name, one), (longer, other) in permutations(self.environments.items(), 2):
            with skipping_gaps():
                if longer.startswith(f"{name}-") and (one.account, one.region) == (other.account, other.region):
                    shorter = dotted(("environments", name))
                    yield Mistake(
                        ("environments", longer),
                        f"must not start with {quoted(f'{name}-')}: {shorter} is in the same account and region and "
                        "takes all alarms whose names start so for its own",
                    )

    @rule
    def _alarms_shared_once(self) -> Iterator[Mistake]:
        sharing: dict[str, str] = {}
        for name, environment in self.environments.items():
            with skipping_gaps():
                if environment.share_alarms:
                    first = sharing.setdefault(environment.account, name)
                    if first != name:
                        yield Mistake(
                            ("environments", name, "share_alarms"),
                            f"is {dotted(('environments', first, 'share_alarms'))} already: an account has one role "
                            "for it, which serves all environments there",
                        )

    @rule
    def _domains_differ(self) -> Iterator[Mistake]:
        for (name, one), (later, other) in combinations(self.environments.items(), 2):
            with skipping_gaps():
                if one.domain and other.domain and one.domain.name == other.domain.name:
                    earlier = dotted(("environments", name, "domain", "name"))
                    yield Mistake(
                        ("environments", later, "domain", "name"),
                        f"is {earlier} already: CloudFront gives a name to one distribution only",
                    )


def _lack(key: str) -> str:
    return "lacks its digest, @sha256: and 64 digits" if key == "base" else "missing"
