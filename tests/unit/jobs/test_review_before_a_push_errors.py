"""`make review` says what to do when the assembly's list of reviews cannot be read."""

from pathlib import Path

import pytest

from cloud_assembly import UserError
from jobs.change_review.before_push import REVIEWS, _reviews


def test_reviews_are_read(tmp_path: Path) -> None:
    (tmp_path / REVIEWS).write_text('[{"environment": "dev"}]')
    assert _reviews(tmp_path) == [{"environment": "dev"}]


@pytest.mark.parametrize("text", [None, "", "[{"])
def test_absent_or_broken_reviews_are_a_mistake_of_the_user(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / REVIEWS).write_text(text)
    with pytest.raises(UserError, match=r"cannot be read: .*; synthesize again: make assembly"):
        _reviews(tmp_path)
