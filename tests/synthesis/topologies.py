"""Topologies that users may ask for: accounts, regions, names, sizes and options, each with what comes of it.

`test_topologies.py` synthesizes those that the settings accept. `make rehearse-topologies` rehearses some of them to
their last environment and writes docs/TOPOLOGIES.md.
"""

from dataclasses import dataclass, field
from typing import Final

from tests.unit.settings_file import RIGHT

HOME, DEV, STAGING, PROD = "111111111111", "222222222222", "333333333333", "444444444444"
"""Accounts."""
HERE, THERE = "us-east-1", "eu-west-1"
"""Regions."""
LONGEST_NAME: Final = "prod-" + "x" * 36
LONGEST_NAME_ABROAD: Final = "prod-" + "x" * 21
"""In ap-southeast-2 it makes a name of 41 characters."""


@dataclass(frozen=True)
class Topology:
    """A `delivery.toml`, and what comes of it."""

    name: str
    lines: str
    """TOML, a key a line. Keys of `RIGHT` that it lacks are added, but for those of environments."""
    refused: dict[str, str] = field(default_factory=dict)
    """The paths that the settings refuse, each with a part of its message that says what to do; none: accepted."""
    rehearsed: bool = False
    """Whether `make rehearse-topologies` rehearses it."""
    rule_packs: bool = False
    """Whether the rule packs check it, which takes as long as the synthesis."""

    @property
    def toml(self) -> str:
        """The whole file."""
        lines = {key: value for key, value in RIGHT.items() if not key.startswith("environments.")}
        for line in self.lines.splitlines():
            if line.startswith("no "):
                del lines[line.removeprefix("no ")]
            else:
                key, _, value = line.partition(" = ")
                lines[key] = value
        return "".join(f"{key} = {value}\n" for key, value in lines.items())


def environment(name: str, account: str = PROD, region: str = HERE, more: str = "") -> str:
    """Return the line of an environment; `more` are keys of its inline table."""
    own = f'account = "{account}", region = "{region}"'
    return f"environments.{name} = {{ {', '.join(filter(None, (own, more)))} }}\n"


DOMAIN: Final = 'name = "yawl.example.org", hosted_zone_id = "Z0123456789ABC", hosted_zone_name = "example.org"'
CERTIFICATE: Final = f"arn:aws:acm:us-east-1:{PROD}:certificate/00000000-0000-0000-0000-000000000000"
WINDOW: Final = 'deployment_window = { days = "MON-THU", hours = "9-15", time_zone = "Europe/Berlin" }'
OFF_HOURS: Final = 'off_hours = { days = "MON-FRI", wake_hour = 7, sleep_hour = 22, time_zone = "Europe/Berlin" }'
LEAST_PRIVILEGE: Final = 'pipeline.execution = "least-privilege"\n'
BUILT: Final = f"""\
no image.uri
image.build = true
image.base = "tomcat:10.1-jre21-temurin-noble@sha256:{"0a" * 32}"
image.yawl_version = "6.1"
image.yawl_url = "https://example.com/yawl.zip"
image.yawl_sha256 = "{"1b" * 32}"
image.rds_bundle_sha256 = "{"2c" * 32}"
"""
CHOSEN: Final = """\
repository.ignored_paths = ["docs/**", "*.md"]
pipeline.execution_mode = "queued"
"""
TOLD: Final = """\
pipeline.approval_email = "approvers@example.com"
pipeline.notification_email = "team@example.com"
pipeline.chat = { workspace_id = "T012ABCDEFG", channel_id = "C012ABCDEFG" }
"""
SMALLEST: Final = (
    'network = { cidr = "10.9.0.0/25", public_subnets = ["10.9.0.0/27", "10.9.0.32/27"], '
    'private_subnets = ["10.9.0.64/28", "10.9.0.80/28"], isolated_subnets = ["10.9.0.96/28", "10.9.0.112/28"] }'
)
LOCKED: Final = 'vault_lock = "compliance", copy_region = "us-west-2"'
OFF: Final = (
    "firewall = { enabled = false }, recovery = { backups = false, drift_check = false }, bake_minutes = 0, "
    "retain_data = false, network = { nat_gateways = 1, interface_endpoints = false }, "
    "cache = { nodes = 1, multi_az = false, snapshot_retention_days = 0 }, database = { multi_az = false }, "
    "tasks = { min = 1, max = 1 }"
)
ON: Final = (
    f'recovery = {{ {LOCKED} }}, database = {{ operator_access = true }}, alarm_email = "on-call@example.com", '
    f"monthly_budget_usd = 250, share_alarms = true, domain = {{ {DOMAIN} }}, {WINDOW}, "
    "distribution = { open_engine_api = true }"
)

ACCEPTED: Final = (
    # accounts
    Topology("one account for everything", environment("dev", HOME) + environment("prod", HOME), rehearsed=True),
    Topology("one account per environment", environment("dev", DEV) + environment("prod")),
    Topology("the pipeline in dev's account", environment("dev", HOME) + environment("prod"), rehearsed=True),
    Topology("the pipeline in prod's account", f'pipeline.account = "{PROD}"\n' + environment("prod")),
    Topology("sibling names in one account", environment("prod1", PROD) + environment("prod", PROD), rehearsed=True),
    Topology("siblings that share a first word", environment("eu-a") + environment("eu-b")),
    Topology("one account, two regions", environment("dev", PROD, THERE) + environment("prod", PROD, HERE)),
    Topology("prod's name starts another's, in two accounts", environment("prod-us", DEV) + environment("prod")),
    Topology(
        "an image in another account and region",
        f'image.uri = "{DEV}.dkr.ecr.{THERE}.amazonaws.com/yawl:6.1"\n' + environment("prod"),
    ),
    # regions
    Topology("two regions", environment("prod", more=f"further_regions = {{ {THERE} = 2 }}")),
    Topology(
        "three regions in two waves",
        environment("prod", more=f"further_regions = {{ {THERE} = 2, ap-southeast-2 = 3 }}"),
        rehearsed=True,
    ),
    Topology(
        "three regions in one wave",
        environment("prod", more=f"further_regions = {{ {THERE} = 2, ap-southeast-2 = 2 }}"),
    ),
    Topology("the pipeline in another region", f'pipeline.region = "{THERE}"\n' + environment("prod"), rehearsed=True),
    Topology(
        "everything abroad",
        'pipeline.region = "eu-central-1"\n'
        + environment("prod", PROD, "eu-central-1", 'recovery = { copy_region = "eu-west-1" }'),
        rehearsed=True,
    ),
    Topology(
        "abroad without a firewall", environment("prod", PROD, "ap-southeast-2", "firewall = { enabled = false }")
    ),
    Topology(
        "a region without common zones",
        environment("prod", PROD, "us-west-1", 'availability_zones = ["us-west-1a", "us-west-1c"]'),
    ),
    Topology("a region that must be enabled", environment("prod", PROD, "af-south-1")),
    Topology(
        "a region without restore tests",
        environment("prod", PROD, "ap-southeast-5", "recovery = { restore_test = false }"),
    ),
    # names
    Topology("the longest name", environment(LONGEST_NAME), rehearsed=True),
    Topology(
        "the longest name of a further region",
        environment(LONGEST_NAME_ABROAD, more="further_regions = { ap-southeast-2 = 2 }"),
    ),
    Topology("the shortest name", environment("p")),
    Topology(
        "long names of repository and branch",
        f'repository.name = "{"g" * 45}/{"r" * 47}"\nrepository.branch = "release/{"b" * 200}"\n' + environment("prod"),
    ),
    Topology(
        "a nested group with a page",
        'repository.name = "group/part/yawl"\nrepository.url = "https://gitlab.example.com/group/part/yawl"\n'
        + environment("prod"),
    ),
    # sizes
    Topology("the smallest network", environment("prod", more=SMALLEST), rehearsed=True),
    Topology(
        "the largest of all",
        environment(
            "prod",
            more='network = { cidr = "10.0.0.0/16", public_subnets = ["10.0.0.0/18", "10.0.64.0/18"], '
            'private_subnets = ["10.0.128.0/18", "10.0.192.0/19"], isolated_subnets = ["10.0.224.0/20", '
            '"10.0.240.0/20"] }, tasks = { min = 5000, max = 5000, cpu = 16384, memory = 122880, heap = "80g" }, '
            "database = { storage_gib = 50000, max_storage_gib = 65536 }, cache = { nodes = 6 }",
        ),
    ),
    # options
    Topology("a domain", environment("prod", more=f"domain = {{ {DOMAIN} }}")),
    Topology(
        "a domain abroad",
        environment("prod", PROD, THERE, f'domain = {{ {DOMAIN}, edge_certificate_arn = "{CERTIFICATE}" }}'),
    ),
    Topology("no firewall", environment("prod", more="firewall = { enabled = false }")),
    Topology("no backups", environment("prod", more="recovery = { backups = false }")),
    Topology("Spot and off-hours", environment("dev", DEV, more=f"tasks = {{ spot = true, {OFF_HOURS} }}, {WINDOW}")),
    Topology("a built image", BUILT + environment("prod")),
    Topology(
        "an image of prod's own",
        environment("prod", more=f'image = "{PROD}.dkr.ecr.{HERE}.amazonaws.com/yawl@sha256:{"3d" * 32}"'),
    ),
    Topology("database access for operators", environment("prod", more="database = { operator_access = true }")),
    Topology("GuardDuty and AWS Config", "audit = { guardduty = true, config = true }\n" + environment("prod")),
    Topology("an organization's trail", "audit = { trail = false }\n" + environment("prod")),
    Topology("governance lock", environment("prod", more='recovery = { vault_lock = "governance" }')),
    Topology("compliance lock and copies", environment("prod", more=f"recovery = {{ {LOCKED} }}")),
    Topology("releases of some paths, in turn", CHOSEN + environment("prod")),
    Topology("no compliance standard", "compliance = { standards = [] }\n" + environment("prod")),
    Topology("everyone is told", TOLD + environment("prod", more='alarm_email = "on-call@example.com"')),
    Topology(
        "every option on",
        LEAST_PRIVILEGE
        + BUILT
        + CHOSEN
        + TOLD
        + "audit = { guardduty = true, config = true }\n"
        + environment("prod", more=ON),
        rule_packs=True,
    ),
    Topology(
        "every option on but built image, domain and window",
        LEAST_PRIVILEGE
        + TOLD
        + "audit = { guardduty = true, config = true }\n"
        + environment("prod", more=ON.replace(f"domain = {{ {DOMAIN} }}, {WINDOW}, ", "")),
        rehearsed=True,
    ),
    Topology(
        "every option off",
        "audit = { trail = false }\n" + environment("prod", more=OFF),
        rehearsed=True,
        rule_packs=True,
    ),
)
"""Each is synthesized, which takes seconds: with no more environments and regions than it is about."""


def many(count: int, more: str = "approval = false") -> str:
    """Return the lines of this many environments."""
    return "".join(environment(f"e{number}", DEV, more=more) for number in range(count))


REFUSED: Final = (
    Topology(
        "a name that starts with another, in one account",
        environment("prod") + environment("prod-us"),
        {"environments.prod-us": "Use another account, or a name that starts differently"},
    ),
    Topology(
        "a further region that makes another's name",
        environment("prod", more=f"further_regions = {{ {THERE} = 2 }}") + environment(f"prod-{THERE}", DEV),
        {f"environments.prod.further_regions.{THERE}": "rename one"},
    ),
    Topology(
        "the pipeline in a region without CodeConnections",
        'pipeline.region = "af-south-1"\n' + environment("prod"),
        {"pipeline.region": "the nearest region that has it is sa-east-1"},
    ),
    Topology(
        "restore tests in a region without them",
        environment("prod", PROD, "ap-southeast-5"),
        {"environments.prod.recovery.restore_test": "set it to false, or take another region"},
    ),
    Topology(
        "a budget in a region without them",
        environment("prod", PROD, "eu-north-1", 'alarm_email = "a@example.com", monthly_budget_usd = 9'),
        {"environments.prod.monthly_budget_usd": "remove the key and create the budget by hand"},
    ),
    Topology(
        "a class that is not sold in a further region",
        environment(
            "prod",
            more='further_regions = { ap-southeast-7 = 2 }, database = { instance_class = "db.r5.large" }, '
            "recovery = { restore_test = false }",
        ),
        {"environments.prod.database.instance_class": "sold there: "},
    ),
    Topology(
        "a region with zones of its own",
        environment("prod", PROD, "ap-northeast-1"),
        {"environments.prod.availability_zones": "name two zones"},
    ),
    Topology(
        "further regions with zones of their own",
        environment("prod", more="further_regions = { us-west-1 = 2 }"),
        {"environments.prod.further_regions.us-west-1": "give it an environment of its own that names its zones"},
    ),
    Topology(
        "five regions in one wave",
        environment(
            "prod",
            more="further_regions = { eu-west-1 = 2, eu-west-2 = 2, eu-west-3 = 2, eu-central-1 = 2, eu-north-1 = 2 }",
        ),
        {
            f"environments.prod.further_regions.{region}": "at most 4 fit into a stage"
            for region in ("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1")
        },
    ),
    Topology(
        "a gap between waves",
        environment("prod", more=f"further_regions = {{ {THERE} = 3 }}"),
        {f"environments.prod.further_regions.{THERE}": "number the waves without gaps"},
    ),
    Topology(
        "a name that is a character too long",
        environment(f"{LONGEST_NAME}x"),
        {f"environments.{LONGEST_NAME}x": "at most 41"},
    ),
    Topology(
        "a further region that makes the name too long",
        environment(f"{LONGEST_NAME_ABROAD}x", more="further_regions = { ap-southeast-2 = 2 }"),
        {f"environments.{LONGEST_NAME_ABROAD}x.further_regions.ap-southeast-2": "shorten the environment's name by 1"},
    ),
    Topology(
        "more tasks than addresses",
        environment("prod", more=f"{SMALLEST}, tasks = {{ max = 8 }}"),
        {"environments.prod.tasks.max": "Use subnets of /27 or larger, or at most 7 tasks"},
    ),
    Topology(
        "more nodes than addresses",
        environment("prod", more=f"{SMALLEST}, cache = {{ nodes = 5 }}"),
        {
            "environments.prod.network.isolated_subnets[0]": "Use /27 or larger, or fewer cache.nodes",
            "environments.prod.network.isolated_subnets[1]": "Use /27 or larger, or fewer cache.nodes",
        },
    ),
    Topology(
        "more stages than a pipeline has",
        many(24),
        {"environments": "Remove environments, approvals or waves of further_regions"},
    ),
    Topology(
        "a domain in two regions",
        environment("prod", more=f"further_regions = {{ {THERE} = 2 }}, domain = {{ {DOMAIN} }}"),
        {"environments.prod.domain": "remove one of the two"},
    ),
    Topology(
        "copies in a further region",
        environment("prod", more=f'further_regions = {{ {THERE} = 2 }}, recovery = {{ copy_region = "{THERE}" }}'),
        {"environments.prod.recovery.copy_region": "take another"},
    ),
    Topology(
        "a lock without a range",
        environment(
            "prod",
            more='recovery = { vault_lock = "governance", daily_retention_days = 30, weekly_retention_days = 30, '
            "monthly_retention_days = 30 }",
        ),
        {"environments.prod.recovery.monthly_retention_days": "must be above recovery.daily_retention_days 30"},
    ),
    Topology(
        "off-hours in prod",
        environment("prod", more=f"tasks = {{ {OFF_HOURS} }}, {WINDOW}"),
        {"environments.prod.tasks.off_hours": "remove it"},
    ),
    Topology(
        "alarms shared twice in one account",
        environment("dev", more="share_alarms = true") + environment("prod", more="share_alarms = true"),
        {"environments.prod.share_alarms": "remove it"},
    ),
    Topology(
        "one domain for two environments",
        environment("dev", DEV, more=f"domain = {{ {DOMAIN} }}") + environment("prod", more=f"domain = {{ {DOMAIN} }}"),
        {"environments.prod.domain.name": "take another"},
    ),
)

MOST_ENVIRONMENTS = 21
"""So many fit into a pipeline, with short names, in one account, without approvals and further regions."""

TOPOLOGIES: Final = ACCEPTED + REFUSED
REHEARSED: Final = tuple(topology for topology in ACCEPTED if topology.rehearsed)
