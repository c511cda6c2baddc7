"""Free text that the settings accept is what the APIs it is passed to accept."""

import gzip
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from settings import DomainSettings
from tests.examples import examples
from tests.unit.settings_file import load_changed

ACCEPTED: dict[str, tuple[str, ...]] = {
    "environments.prod.tags.owner": ("a", "x" * 256, "a b_c.d:e/f=g+h@i-j", "Aws", "0"),
    "pipeline.notification_email": (
        "a@b.co",
        "first.last+tag@example.com",
        "o'neil@example.com",
        f"{'x' * 64}@{'e' * 63}.{'f' * 63}.example",
        "a@xn--bcher-kva.example",
        "a@example.xn--p1ai",
    ),
    "environments.prod.alarm_email": ("first.last+tag@example.com",),
    "repository.branch": ("a", "release/1.x", "feature/a+b@c#d_e-f", "x" * 255, "HEADS"),
    "repository.name": ("a/b", "group/sub/sub-2/app.name_x", f"a/{'b' * 91}", "example/example.github.io", "a/.github"),
    "environments.prod.accepted_changes.0123456789ab": tuple(
        f'{{ stack = "database", subject = "Instance", reason = "{reason}" }}'
        for reason in ("ten chars.", "Ü" * 1000, "Größe: 数据库 \\U0001F680", "<b>&amp;</b> $(x) `y`")
    ),
    "pipeline.chat": ('{ workspace_id = "T012ABCDEFG", channel_id = "C012ABCDEFG" }',),
}
"""The extremes of what is accepted, by key."""


@pytest.mark.parametrize("key", ACCEPTED)
def test_accepted(key: str) -> None:
    for value in ACCEPTED[key]:
        load_changed(f"{key} = {value}" if value.startswith("{") else f"{key} = {json.dumps(value)}")


@cache
def shapes(service: str) -> dict[str, Any]:
    """Return the shapes of a service's API, from botocore's files."""
    spec = find_spec("botocore")
    assert spec is not None
    assert spec.origin is not None
    *_, newest = sorted((Path(spec.origin).parent / "data" / service).glob("*/service-2.json.gz"))
    return json.loads(gzip.decompress(newest.read_bytes()))["shapes"]


APIS = [
    # key, service, shape
    ("repository.branch", "codeconnections", "BranchName"),
    ("repository.branch", "codepipeline", "ActionConfigurationValue"),
    ("repository.name", "codepipeline", "ActionConfigurationValue"),
    ("environments.prod.alarm_email", "budgets", "SubscriberAddress"),
    ("environments.prod.tags.owner", "cloudfront", "TagValue"),
    ("environments.prod.tags.owner", "elbv2", "TagValue"),
    ("environments.prod.tags.owner", "iam", "tagValueType"),
    ("environments.prod.tags.owner", "kms", "TagValueType"),
    ("environments.prod.tags.owner", "logs", "TagValue"),
    ("environments.prod.tags.owner", "secretsmanager", "TagValueType"),
    ("environments.prod.tags.owner", "ssm", "TagValue"),
    ("environments.prod.tags.owner", "wafv2", "TagValue"),
]


NAMES = st.lists(st.text("ab1-.", min_size=1, max_size=8), min_size=1, max_size=3).map(".".join)


@examples(100)
@given(name=NAMES | st.sampled_from(["10.0.0.1", "a.b", "a.bc", "a.b1", "xn--p1ai.xn--p1ai"]))
def test_certificate_can_be_for_every_name_that_is_accepted(name: str) -> None:
    domain = {"name": f"a.{name}", "hosted_zone_id": "Z1", "hosted_zone_name": name}
    try:
        settings = DomainSettings(**domain)
    except ValidationError:
        return
    for one in (settings.name, settings.origin):
        assert regex.fullmatch(shapes("acm")["DomainNameString"]["pattern"], one)
    assert not settings.name.replace(".", "").isdigit()


@pytest.mark.parametrize(("key", "service", "shape"), APIS)
def test_api_takes_what_is_accepted(key: str, service: str, shape: str) -> None:
    rules = shapes(service)[shape]
    assert rules.keys() & {"max", "pattern"}
    for value in ACCEPTED[key]:
        assert rules.get("min", 0) <= len(value) <= rules.get("max", 1_000_000)
        assert regex.fullmatch(rules.get("pattern", "(?s).*"), value)


def test_source_of_the_longest_repository_fits_codepipeline() -> None:
    longest = max(ACCEPTED["repository.name"], key=len)
    names = shapes("codepipeline")
    assert len(f"Source@{longest}") == names["ActionNamespace"]["max"]
    assert len(f"{longest}_Source") == names["ArtifactName"]["max"]
