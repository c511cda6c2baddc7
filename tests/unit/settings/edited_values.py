"""Values for each key of `delivery.toml`: those a user may mean, those at limits, and a few that cannot be meant."""

import re
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from settings import Settings
from settings.aws.data import CACHE_NODE_TYPES, DATABASE_CLASSES, MEMORY_BY_CPU, REGIONS
from settings.sections.base import Section, section_in
from settings.validation.constraints import expected_of
from settings.validation.toml_format import Path

_ZEROS = "00000000-0000-0000-0000-000000000000"
_ACCOUNTS = ("111111111111", "222222222222", "444444444444")
_FREE_TEXT = (
    *(
        "a",
        "us",
        "é",
        "x" * 256,
        "a b",
        " a",
        "a ",
        "${x}",
        "{{resolve:ssm:x}}",
        "<b>",
        "it's",
        '"',
        "\\",
        "%s",
        "aws:x",
    ),
    *("=1+1", "", "a\nb", "\u202e", "🙂", "0", "true", "../..", "a:b/c=d+e-f@g.h_i"),
)
_SUBNETS = (
    *("10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24", "10.0.10.0/24", "10.0.11.0/24", "10.0.1.0/27"),
    *("10.0.2.0/28", "10.0.3.0/28", "10.0.4.0/27", "10.0.128.0/17", "10.1.0.0/24", "172.16.0.0/20", "10.0.1.1/24"),
)
_DAYS = ("MON", "SUN", "MON-FRI", "SAT-MON", "MON,WED", "MON,MON", "WED-MON", "mon")
_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Mars/Base")
_DOMAINS = (
    "yawl.example.org",
    "example.org",
    f"{'a' * 45}.example.org",
    f"{'a' * 46}.example.org",
    "xn--bcher-kva.example.org",
)
_SHA256 = ("0a" * 32, "0A" * 32)
_URLS = (
    "https://example.com/a.zip",
    f"https://example.com/{'a' * 1000}",
    "https://example.com/$(x)",
    "http://example.com/a",
)

KNOWN: Final[dict[str, tuple[object, ...]]] = {
    "account": _ACCOUNTS,
    "region": REGIONS,
    "copy_region": REGIONS,
    "name": (
        *_DOMAINS,
        "example/yawl-delivery",
        "g/h/yawl",
        f"{'g' * 45}/{'r' * 47}",
        f"{'g' * 46}/{'r' * 47}",
        "x/..",
        "_/_",
    ),
    "branch": ("main", "release/2026", "b" * 255, "fix-#1", "a@b", "a+b", "-a", "a..b", "ä"),
    "url": ("https://github.com/example/yawl-delivery", "https://gitlab.com/g/h/yawl", "https://bitbucket.org/x/y"),
    **dict.fromkeys(("paths", "ignored_paths"), ([], ["docs/**"], ["**"] * 2, ["a/*.py", "!b"], ["x" * 255] * 9, [""])),
    "connection_arn": tuple(
        f"arn:aws:{service}:{region}:111111111111:connection/{_ZEROS}"
        for service in ("codeconnections", "codestar-connections")
        for region in ("us-east-1", "eu-west-1", "af-south-1")
    ),
    **dict.fromkeys(
        ("approval_email", "notification_email", "alarm_email"),
        (
            "a@example.com",
            f"{'a' * 64}@example.com",
            f"a@{'b' * 63}.{'c' * 63}.example.com",
            "o'x+y@example.com",
            "ä@b.de",
        ),
    ),
    "workspace_id": ("T012ABCDEFG", "T" * 255, "T0"),
    "channel_id": ("C012ABCDEFG", "c" * 255, "C0"),
    "log_retention_days": (1, 3, 14, 45, 90, 365, 3653, 0),
    "execution_actions": ([], ["sns:CreateTopic"], ["a:b"] * 3, ["sns:*"]),
    **dict.fromkeys(("owner", "cost_center", "compliance", "backup_policy"), _FREE_TEXT),
    "reason": ("a" * 10, "why it is so", "a" * 1000, "a" * 1001, "${x} é “y” 🙂", "short"),
    "stack": ("data", "database", "a" * 255, "Data"),
    "subject": ("permissions", "outputs", "a" * 255, "a-b"),
    "uri": ("111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1", "yawl"),
    "image": (
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com/yawl:latest",
        f"222222222222.dkr.ecr.us-east-1.amazonaws.com/{'a' * 256}:{'t' * 128}",
        f"222222222222.dkr.ecr.us-east-1.amazonaws.com/a/b@sha256:{'0a' * 32}",
    ),
    "base": (f"tomcat:10.1@sha256:{'0a' * 32}", f"a.b:5000/c/d:e@sha256:{'0a' * 32}", "tomcat:10.1", "tomcat"),
    "yawl_version": ("6.1", "v" * 64, "v" * 65, "6 1"),
    **dict.fromkeys(("yawl_url", "driver_url", "libraries_url", "rds_bundle_url"), _URLS),
    **dict.fromkeys(("yawl_sha256", "driver_sha256", "libraries_sha256", "rds_bundle_sha256"), _SHA256),
    "standards": ([], ["nist-800-53-r5"], ["hipaa-security", "pci-dss-3.2.1"], ["pci-dss-3.2.1"] * 2),
    "further_regions": (
        {},
        {"eu-west-1": 2},
        {"eu-west-1": 2, "ap-southeast-2": 3},
        {"us-west-1": 2},
        {"eu-west-1": 3},
    ),
    "availability_zones": (["us-east-1a", "us-east-1c"], ["us-east-1f", "us-east-1b"], ["us-west-1a", "us-west-1b"]),
    "days": _DAYS,
    "hours": ("9-15", "0-23", "7", "23", "09-10", "15-9"),
    "time_zone": _ZONES,
    "cidr": ("10.0.0.0/16", "10.0.0.0/20", "10.0.0.0/24", "172.16.0.0/16", "192.168.0.0/16", "100.64.0.0/16"),
    **dict.fromkeys(
        ("public_subnets", "private_subnets", "isolated_subnets"),
        tuple([one, other] for one in _SUBNETS for other in _SUBNETS),
    ),
    "instance_class": tuple(DATABASE_CLASSES),
    "node_type": tuple(CACHE_NODE_TYPES),
    "cpu": (*MEMORY_BY_CPU, 128),
    "memory": (512, 2048, 4096, 8192, 16_384, 30_720, 122_880, 1000),
    "heap": ("256m", "1g", "1024m", "1280m", "1281m", "6G", "90g", "1x"),
    "hosted_zone_id": ("Z0123456789ABC", "Z" * 32, "z0"),
    "hosted_zone_name": ("example.org", "org", "example.com"),
    "edge_certificate_arn": tuple(f"arn:aws:acm:us-east-1:{account}:certificate/{_ZEROS}" for account in _ACCOUNTS),
}
"""By key, where the type does not say enough."""


def values(key: str, field: FieldInfo) -> st.SearchStrategy[object]:
    """Return values for a key that is no table: of `KNOWN`, or of what its type says is expected."""
    if key in KNOWN:
        return st.sampled_from(KNOWN[key])
    if field.annotation is bool:
        return st.booleans()
    expected = expected_of(field.rebuild_annotation()) or ""
    if between := re.match(r"(\d+) to (\d+)", expected):
        low, high = map(int, between.groups())
        inside = [number for number in (2, 7, 30, 90, 300, 2000) if low <= number <= high]
        return st.sampled_from([low, low + 1, high - 1, high, low - 1, high + 1, *inside]) | st.integers(low, high)
    if expected.startswith("one of "):
        options = expected.removeprefix("one of ").split(", ")
        return st.sampled_from([*options, *options, f"{options[0]}x"])
    raise AssertionError(f"{key}: add values to KNOWN")


def _keys(section: type[Section], path: Path = ()) -> Iterator[tuple[Path, st.SearchStrategy[object]]]:
    """Yield the path of each key that may be set, with values; a table of names has one or two fixed names."""
    for name, field in section.model_fields.items():
        below = section_in(field.annotation)
        if below is None:
            yield (*path, name), values(name, field)
        elif name == "environments":
            yield from _keys(below, (*path, name, "dev"))
        elif name == "accepted_changes":
            yield from _keys(below, (*path, name, "0123456789ab"))
        else:
            yield from _keys(below, (*path, name))
            if not field.is_required() and any(one.is_required() for one in below.model_fields.values()):
                # No key of such a table is accepted alone.
                yield (
                    (*path, name),
                    st.fixed_dictionaries({key: values(key, one) for key, one in below.model_fields.items()}),
                )


KEYS: Final = dict(_keys(Settings))
"""Every key that may be set, with values for it."""


def put(table: dict[str, Any], path: Path, value: object) -> None:
    """Set a value in a table, with the tables that lead to it; not below what is no table."""
    parent: Any = table
    for step in path[:-1]:
        parent = parent.setdefault(step, {}) if isinstance(parent, dict) else None
    if isinstance(parent, dict):
        parent[path[-1]] = value


def edited_values(*, at_most: int) -> st.SearchStrategy[dict[Path, object]]:
    """Draw values for one to `at_most` keys."""
    pair = st.sampled_from(list(KEYS)).flatmap(lambda path: st.tuples(st.just(path), KEYS[path]))
    return st.lists(pair, min_size=1, max_size=at_most, unique_by=lambda one: one[0]).map(dict)
