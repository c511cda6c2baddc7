"""Pages that builds store in S3 and link to are kept, whatever else they link to."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from rehearsal.actions import approval, kept_pages
from rehearsal.actions.run import Run
from rehearsal.engine.action_details import ActionDetails

OBJECTS = {
    ("reviews", "prod/1.html"): ("text/html; charset=utf-8", "<p>of hunter22"),
    ("reviews", "prod/2.html"): ("text/html", "<p>two"),
    ("reviews", "dev/1.html"): ("text/html", "<p>another"),
    ("reviews", "prod/1.json"): ("application/json", "{}"),
}


@pytest.mark.parametrize(
    ("line", "links"),
    [
        (
            "Review: https://console.aws.amazon.com/s3/object/reviews?region=us-east-1&prefix=prod/1.html",
            [("reviews", "prod/1.html")],
        ),
        (
            "https://eu-west-1.console.aws.amazon.com/s3/object/b.c?prefix=a%20b.html, and "
            "https://console.aws.amazon.com/s3/object/reviews?prefix=two.html",
            [("b.c", "a b.html,"), ("reviews", "two.html")],
        ),
        ("https://console.aws.amazon.com/codesuite/codepipeline?prefix=1", []),
        ("https://example.com/s3/object/reviews?prefix=prod/1.html", []),
    ],
)
def test_links_to_objects_are_found(line: str, links: list[tuple[str, str]]) -> None:
    assert list(kept_pages.links(line)) == links


def test_html_pages_are_kept_without_secrets() -> None:
    def get_object(*, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if (Bucket, Key) not in OBJECTS:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "none"}}, "GetObject")
        content_type, text = OBJECTS[Bucket, Key]
        return {"ContentType": content_type, "Body": io.BytesIO(text.encode())}

    details = ActionDetails(secrets={"hunter22"})

    def in_account(_service: str, _environment: object) -> SimpleNamespace:
        return SimpleNamespace(get_object=get_object)

    cloud = SimpleNamespace(in_account=in_account)
    run = cast(Run, SimpleNamespace(context=SimpleNamespace(cloud=cloud, home=None), details=details))
    kept_pages.keep(run, {*OBJECTS, ("reviews", "missing.html")})
    assert details.pages == {
        "reviews/prod/1.html": "<p>of ***",
        "reviews/prod/2.html": "<p>two",
        "reviews/dev/1.html": "<p>another",
    }


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://console.aws.amazon.com/s3/object/reviews?region=us-east-1&prefix=prod/1.html", "logs/page-1.html"),
        ("https://example.com/review", "https://example.com/review"),
    ],
)
def test_who_approves_is_shown_the_kept_page(link: str, shown: str) -> None:
    asked: list[str] = []

    def ask(_action: str, message: str) -> bool:
        asked.append(message)
        return True

    run = SimpleNamespace(
        name="ProdApproval/Approve",
        configuration={"CustomData": "Deploy?", "ExternalEntityLink": link},
        pages={
            "reviews/prod/1.html": Path("logs/page-1.html"),
            "reviews/dev/1.html": Path("logs/page-2.html"),
            "other/prod/1.html": Path("logs/page-3.html"),
        },
        details=ActionDetails(),
        fail_on_purpose=False,
        context=SimpleNamespace(approver=SimpleNamespace(ask=ask)),
    )
    approval.execute(cast(Run, run))
    assert asked == [f"Deploy?\n\nReview: {shown}"]
