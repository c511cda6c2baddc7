"""Keeps the pages that a build stores in S3 and prints a console link to, before the emulator and its buckets end."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from botocore.exceptions import ClientError

from rehearsal.actions.run import Run
from rehearsal.engine.masking import masked

_LINK = re.compile(r"https://(?:[\w-]+\.)?console\.aws\.amazon\.com/s3/object/([\w.-]+)\?(?:\S*&)?prefix=([^&\s]+)")


def links(line: str) -> Iterator[tuple[str, str]]:
    """Yield bucket and key of each object that a line links to in the S3 console."""
    for bucket, key in _LINK.findall(line):
        yield bucket, unquote(key)


def keep(run: Run, found: set[tuple[str, str]]) -> None:
    """Add the HTML pages among the objects to the action's details, with secrets masked."""
    if not found:
        return
    client = run.context.cloud.in_account("s3", run.context.home)
    for bucket, key in sorted(found):
        try:
            answer = client.get_object(Bucket=bucket, Key=key)
        except ClientError:
            continue  # a link to what is not there yet, such as the object that a build would write next
        if answer.get("ContentType", "").startswith("text/html"):
            text = answer["Body"].read().decode(errors="replace")
            # Not by the file's name alone: builds of several environments may link to a `review.html` each.
            run.details.pages[f"{bucket}/{key}"] = masked(text, run.details.secrets.copy())
