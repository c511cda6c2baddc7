"""`make review` says what to do: about what it prints, an unreadable list of reviews, and roles it cannot assume."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cloud_assembly import UserError
from jobs.change_review import before_push
from jobs.change_review.before_push import REVIEWS, _advice, _of_the_pipeline, _reviews

ROLE = "arn:aws:iam::111111111111:role/cdk-hnb659fds-lookup-role-111111111111-eu-west-1"


def test_reviews_are_read(tmp_path: Path) -> None:
    (tmp_path / REVIEWS).write_text('[{"environment": "dev"}]')
    assert _reviews(tmp_path) == [{"environment": "dev"}]


@pytest.mark.parametrize("text", [None, "", "[{"])
def test_absent_or_broken_reviews_are_a_mistake_of_the_user(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / REVIEWS).write_text(text)
    with pytest.raises(UserError, match=r"cannot be read: .*; synthesize again: make assembly"):
        _reviews(tmp_path)


@pytest.mark.parametrize(
    ("acceptable", "impossible", "said"),
    [
        (1, 0, "1 change to accept: add the tables above to d.toml, each with its reason, and push"),
        (0, 2, "2 changes that cannot be accepted: follow the comments above first"),
        (
            2,
            1,
            "2 changes to accept: add the tables above to d.toml, each with its reason, and push; "
            "1 change that cannot be accepted: follow the comments above first",
        ),
    ],
)
def test_it_asks_for_tables_only_if_it_printed_some(acceptable: int, impossible: int, said: str) -> None:
    assert _advice(acceptable, impossible, Path("d.toml")) == said


@pytest.mark.parametrize(
    "line",
    [
        f"Lookup role {ROLE} was not assumed. Proceeding with default credentials.",
        f"current credentials could not be used to assume '{ROLE}', but are for the right account. Proceeding anyway.",
    ],
)
def test_role_that_cannot_be_assumed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str) -> None:
    def compared(command: Sequence[str], _folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, int("--fail-on" in command), stdout=f"{line}\nIAM changes\n")

    assembly = SimpleNamespace(pipeline=SimpleNamespace(name="delivery"))

    def read(_folder: Path) -> Any:
        return assembly

    monkeypatch.setattr(before_push, "read", read)
    monkeypatch.setattr(before_push, "_run", compared)
    with pytest.raises(UserError, match=rf"delivery was compared without {ROLE}, so .* run `make bootstrap`"):
        list(_of_the_pipeline(tmp_path, tmp_path / "delivery.toml", "why"))
