"""Show what was deployed where, and when: `make releases`.

    make releases                                                  what is deployed in every environment
    make releases ARGS='--environment prod --on 2026-11-03'        what was deployed in prod on that day
    make releases ARGS='--environment prod --all'                  all releases of prod
    make releases ARGS='--page releases.html'                      a page: what runs where, what is waiting and for how
                                                                   long, lead times by phase, and the runs behind them

It needs credentials of the pipeline's account; the region is the one in delivery.toml.
Exit codes: 0 releases found; 1 no release found; 2 bad input, or the records cannot be read.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import UserError
from cloud_assembly.settings_file import read_settings_file
from jobs.aws_errors import explained
from tools.releases.delivery import Delivery, NoEnvironmentsError
from tools.releases.page import page
from tools.releases.records import Record, RecordsError, bucket_of, now, on, read_all

_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
WEEKS = 12
"""The time that the page is about, as on the dashboard."""
SETTINGS = Path("delivery.toml")
SHORT = 12
"""Characters shown of a commit or digest."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        records = read_all(
            _client("s3"), options.bucket or bucket_of(_client("cloudformation"), options.stack), options.environment
        )
    except (RecordsError, BotoCoreError) as error:
        print(f"releases: {error}", file=sys.stderr)
        return 2
    if options.page:
        return _write_page(records, options)
    chosen = _chosen(records, options)
    if options.json:
        print(json.dumps([record.content for record in chosen], indent=2))
    else:
        print("\n\n".join(_in_words(record, options.time_zone) for record in chosen) or "No release found.")
    return 0 if chosen else 1


def _write_page(records: Sequence[Record], options: argparse.Namespace) -> int:
    moment = datetime.now(UTC)
    codepipeline = _client("codepipeline")
    try:
        delivery = Delivery(
            codepipeline, options.stack, region=codepipeline.meta.region_name, since=moment - timedelta(weeks=WEEKS)
        )
        options.page.write_text(page(delivery, records, now=moment), encoding="utf-8")
    except NoEnvironmentsError as error:
        print(f"releases: {error}", file=sys.stderr)
        return 2
    except (ClientError, BotoCoreError) as error:
        rights = "credentials of the pipeline's account that may read its executions"
        print(f"releases: the pipeline {options.stack} cannot be read: {explained(error, rights)}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"releases: {options.page} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    print(f"releases: wrote {options.page}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.releases", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--environment", help="only this environment")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--on", type=date.fromisoformat, metavar="DAY", help="on this day, such as 2026-11-03")
    when.add_argument("--all", action="store_true", help="at any time")
    parser.add_argument(
        "--time-zone", type=_zone, default=UTC, metavar="ZONE", help="time zone of days and times (UTC)"
    )
    when.add_argument("--page", type=Path, metavar="FILE", help="write a page about the last 12 weeks")
    parser.add_argument("--json", action="store_true", help="print the records as JSON")
    parser.add_argument("--bucket", help="the bucket of the records, instead of the stack's output")
    parser.add_argument("--stack", default="yawl-delivery", help="the pipeline's stack (yawl-delivery)")
    return parser


def _chosen(records: Sequence[Record], options: argparse.Namespace) -> Sequence[Record]:
    if options.all:
        return records
    return on(records, options.on, options.time_zone) if options.on else now(records)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(f"{name!r} is not a time zone; name one such as Europe/Berlin") from None


def _client(service: str) -> Any:
    session: Any = boto3.Session(region_name=_region())
    return session.client(service, config=_CONFIG)


def _region() -> str | None:
    """Return the pipeline's region in `delivery.toml`; None, which leaves it to the profile, outside of the project."""
    try:
        region = read_settings_file(SETTINGS)["pipeline"]["region"]
    except (UserError, KeyError, TypeError):
        return None
    return region if isinstance(region, str) else None


def _in_words(record: Record, zone: Any) -> str:
    content = record.content
    lines = [
        f"{record.environment} ({', '.join(content['regions'])}) since {_time(content['released'], zone)}",
        f"  commit     {content['commit'][:SHORT]} {content['title']}",
        f"  author     {content['author']}",
    ]
    if content["rolled_back_from"]:
        lines.append(f"  rolled back from execution {content['rolled_back_from']}")
    if content.get("hotfix"):
        lines.append("  hotfix     without the bakes before the last environment")
    if content["approver"]:
        lines.append(f"  approver   {content['approver'].rpartition('/')[2]}, {_time(content['approved'], zone)}")
    lines += [f"  image      {image}" for image in content["images"]]
    lines += [f"  tests      {tests}" for tests in content["tests"]]
    lines += [f"  template   {digest[:SHORT]} {stack}" for stack, digest in sorted(content["templates"].items())]
    if review := content.get("review"):
        lines.append(f"  review     {review}")
    lines.append(f"  execution  {content['execution']}")
    return "\n".join(lines)


def _time(text: str, zone: Any) -> str:
    moment = datetime.fromisoformat(text).astimezone(zone)
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}"


if __name__ == "__main__":
    sys.exit(main())
