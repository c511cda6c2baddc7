"""Free text in notices: any Unicode reaches people, and no API rejects it."""

import json
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambdas.delivery_events.execution import Commit
from lambdas.delivery_events.free_text import LINE, SUBJECT, chat_line, mail_block, one_line, sns_subject
from lambdas.delivery_events.notice import Kind, Notice
from lambdas.delivery_events.notify import publish_notice
from tests.unit.recorded_delivery import VARIABLES, Recording, begun, deployed, failed, reviewed, waiting

SNS_MESSAGE = 262_144
"""Bytes that SNS takes (SNS API Reference, "Publish")."""
ANY = st.text(st.characters(codec=None), max_size=400)
"""Surrogates included."""
TRICKS = (
    "",
    "\x00",
    "\x1b[31mred\x1b[0m",
    "line\nbreak\r\nbreak\x0b\x0c\x85\u2028\u2029end",
    "\u202egnp.exe\u202c\u2066x\u2069\u200f\u200b\ufeff",
    "\ud800 lone \udfff",
    "Z" + "\u0301" * 500,
    "x" * 100_000,
    "…" * 200,
    "<!channel> <https://evil.example|Open> & `code` *bold*",
    " :leading colon",
    "\u00a0\u3000\u1680 spaces of the world",
    "\U0001f469\u200d\U0001f4bb and \U0010ffff",
)


def is_plain(text: str) -> bool:
    """Whether every character is visible or a plain blank, so that nothing is hidden or reordered."""
    return all(letter == " " or unicodedata.category(letter)[0] not in "CZ" for letter in text)


def with_tricks(test: Callable[[str], None]) -> Callable[..., None]:
    for trick in TRICKS:
        test = example(trick)(test)
    return settings(max_examples=50, deadline=None)(given(ANY)(test))


@with_tricks
def test_subject_is_ascii_of_fewer_than_100_characters_that_begins_visibly(text: str) -> None:
    subject = sns_subject(text)
    assert 0 < len(subject) <= SUBJECT
    assert subject.isascii()
    assert subject.isprintable()
    assert subject[0] != " "


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("a" * (SUBJECT - 1), "a" * (SUBJECT - 1)),
        ("a" * SUBJECT, "a" * SUBJECT),
        ("a" * (SUBJECT + 1), "a" * (SUBJECT - 4) + " ..."),
        ("", "?"),
    ],
)
def test_subject_is_cut_only_if_it_is_too_long(text: str, subject: str) -> None:
    assert sns_subject(text) == subject


@with_tricks
def test_line_is_one_visible_line_and_stays_so(text: str) -> None:
    line = one_line(text, 80)
    assert len(line) <= 80
    assert is_plain(line)
    assert one_line(line, 80) == line
    assert mail_block(f"a = 1\n{text}\nb = 2").startswith("a = 1\n")


@with_tricks
def test_no_text_of_a_chat_message_is_a_link_or_a_mention(text: str) -> None:
    assert not set(chat_line(text)) & set("<>")
    assert is_plain(chat_line(text))


@with_tricks
def test_notice_with_any_texts_is_taken_by_sns(text: str) -> None:
    notice = Notice(
        kind=Kind.FAILED,
        environment=text,
        headline=text,
        commit=Commit(id=text, title=text, author=text),
        reasons=(text,) * 10,
        details=(text,) * 10,
        state=text,
        next=text,
        paste=text,
        links={"Log": text},
        link="https://example.com",
    )
    message = notice.as_message()
    # A lone surrogate would stay an escape in JSON, and be invalid once it is decoded.
    for part in json.loads(message).values():
        part.encode()
    assert len(message.encode()) < SNS_MESSAGE
    assert all(is_plain(line) for line in notice.as_mail().splitlines())
    assert len(json.loads(notice.as_chat())["content"]["title"]) <= 250


@settings(max_examples=25, deadline=None)
@given(title=ANY, author=ANY, comment=ANY, log=ANY)
@example(title=TRICKS[1], author=TRICKS[4], comment=TRICKS[2], log=TRICKS[5])
@example(title=TRICKS[6], author=TRICKS[7], comment=TRICKS[9], log=TRICKS[3])
def test_whatever_people_write_every_mail_is_sent(title: str, author: str, comment: str, log: str) -> None:
    it = Recording()
    begun(it, CommitMessage=title, AuthorDisplayName=author)
    reviewed(it, "Dev")
    deployed(it, "Dev")
    waiting(it)
    failed(it, "ProdApproval/Approve", summary=comment, updated_by=f"arn:aws:iam::1:user/{author}")
    it.log = tuple(log.split("\n"))
    failed(it, "Prod/IntegrationTests")
    for event in it.events:
        publish_notice(event, it, VARIABLES)
    headlines = [message["Subject"].partition(":")[0] for message in it.published]
    assert headlines == [
        "Delivery started",
        "Deployed to dev",
        "Approval needed for prod",
        "Prod deployment rejected",
        "Delivery failed in Prod/IntegrationTests",
    ]
    for message in it.published:
        assert message["Subject"].isascii()
        assert message["Subject"].isprintable()
        assert len(message["Subject"]) <= SUBJECT
        for line in json.loads(message["Message"])["email"].splitlines():
            assert is_plain(line)
            assert len(line) <= LINE + 20
