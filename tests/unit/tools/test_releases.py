"""`make releases`: what was deployed where and when."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from tests.paths import ROOT
from tools.releases.__main__ import main
from tools.releases.records import Record, now, on


def record(environment: str, released: str, commit: str, region: str = "us-east-1") -> Record:
    content = {"environment": environment, "regions": [region], "released": released, "commit": commit}
    return Record(datetime.fromisoformat(released), content)


RECORDS = (
    record("prod", "2026-10-30T09:00:00+00:00", "a"),
    record("dev", "2026-11-01T09:00:00+00:00", "b"),
    record("prod", "2026-11-03T10:00:00+00:00", "b"),
    record("prod", "2026-11-03T23:30:00+00:00", "c"),
    record("prod", "2026-11-05T10:00:00+00:00", "d"),
)

ON: list[tuple[str, str, str]] = [
    ("2026-10-29", "UTC", ""),
    ("2026-10-30", "UTC", "prod:a"),
    ("2026-11-02", "UTC", "dev:b prod:a"),
    ("2026-11-03", "UTC", "dev:b prod:a prod:b prod:c"),
    ("2026-11-04", "UTC", "dev:b prod:c"),
    ("2026-11-03", "Europe/Berlin", "dev:b prod:a prod:b"),
    ("2026-11-04", "Europe/Berlin", "dev:b prod:b prod:c"),
    ("2027-01-01", "UTC", "dev:b prod:d"),
]


def words(records: tuple[Record, ...]) -> str:
    return " ".join(f"{one.environment}:{one.content['commit']}" for one in records)


@pytest.mark.parametrize(("day", "zone", "expected"), ON)
def test_day_lists_initial_and_new_releases(day: str, zone: str, expected: str) -> None:
    where = UTC if zone == "UTC" else ZoneInfo(zone)
    assert words(on(RECORDS, date.fromisoformat(day), where)) == expected


def test_current_releases() -> None:
    assert words(now(RECORDS)) == "prod:d dev:b"


def test_regions_have_their_own_releases() -> None:
    waves = (*RECORDS, record("prod", "2026-11-05T11:00:00+00:00", "c", "eu-west-1"))
    assert words(now(waves)) == "prod:d dev:b prod:c"


def test_region_is_the_pipelines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str | None] = []

    class Session:
        def __init__(self, region_name: str | None) -> None:
            asked.append(region_name)

        def client(self, *_: object, **_options: object) -> None:
            raise NoCredentialsError

    monkeypatch.setattr(boto3, "Session", Session)
    monkeypatch.chdir(ROOT)
    assert main([]) == 2
    assert "releases: " in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    (tmp_path / "delivery.toml").write_text('[pipeline]\nregion = "eu-west-1"\n')
    assert main([]) == 2
    (tmp_path / "delivery.toml").unlink()
    assert main([]) == 2
    assert asked == ["us-east-1", "eu-west-1", None]
