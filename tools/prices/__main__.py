"""Read a region's prices from AWS: `python -m tools.prices eu-west-1`."""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound

from cloud_assembly import UserError
from jobs.aws_errors import explained
from jobs.cost.assembly import read_environments
from jobs.cost.estimate import estimate
from jobs.cost.prices import COMPLETE_REGION, FOLDER, read_prices
from jobs.cost.usage import Assumptions
from tools.prices.price_list import AwsPriceList, NotFound
from tools.prices.rows import is_everywhere, rows

_ROW = re.compile(r'"([\w.]+)" = ')


def main(arguments: list[str] | None = None) -> int:
    """Read, write, and return the exit code."""
    options = _options(arguments)
    file: Path = options.folder / f"{options.region}.toml"
    try:
        if options.region not in botocore.session.get_session().get_available_regions("ecs"):
            print(f"prices: {options.region} is no region with ECS; name one such as eu-west-1", file=sys.stderr)
            return 2
        found, missing = _read(options.region, _needed(options.assembly))
        if not found:
            print(f"prices: AWS Price List has no price of {options.region}; {file} is unchanged", file=sys.stderr)
            return 2
        lines = _lines_of(options.region, options.folder) | found
        file.write_text(_file(options.region, lines, today=datetime.now(UTC).date()), encoding="utf-8")
    except (UserError, OSError) as error:
        print(f"prices: {error}; {file} is unchanged", file=sys.stderr)
        return 2
    except (NoCredentialsError, ProfileNotFound) as error:
        print(f"prices: no AWS credentials were found ({error}); set AWS_PROFILE; {file} is unchanged", file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        advice = explained(error, "AWS_PROFILE=… with a profile that is allowed pricing:GetProducts")
        print(f"prices: {advice}; {file} is unchanged", file=sys.stderr)
        return 2
    print(f"written: {file}, {len(found)} prices read from AWS. Commit it: the change review reads it too")
    for key, reason in missing.items():
        print(f"{'as before' if key in lines else 'left out'}: {key}: {reason}")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.prices",
        description=(
            "Read a region's prices from AWS Price List into jobs/cost/prices/. Credentials: those of any account with "
            "pricing:GetProducts. It asks about a hundred times, which takes half a minute."
        ),
        epilog=(
            "Exit codes: 0 written, and what AWS Price List lacks is named; 2 not written: bad input, no credentials, "
            "or AWS denied or throttled it or cannot be reached."
        ),
    )
    parser.add_argument("region", metavar="REGION", help="an AWS region, eu-west-1")
    parser.add_argument(
        "--assembly", type=Path, default=Path("cdk.out"), help="price its instance classes too (cdk.out, if it exists)"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the folder of price files (jobs/cost/prices)")
    return parser.parse_args(arguments)


def _needed(assembly: Path) -> list[str]:
    """Return the prices that an estimate of the assembly lacks."""
    if not (assembly / "manifest.json").exists():
        return []
    found = estimate(read_environments(assembly), Assumptions(by_environment={}))
    return [one.price for one in found.unpriced if one.price]


def _read(region: str, needed: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the lines of a price file by key, and why AWS Price List lacks the others."""
    prices = AwsPriceList(region)
    found: dict[str, str] = {}
    missing: dict[str, str] = {}
    for row in rows(needed):
        try:
            usd, usage_type = prices.find(row)
        except NotFound as reason:
            missing[row.key] = str(reason)
        else:
            found[row.key] = _line(row.key, usd, row.unit, row.source(usage_type))
    return found, missing


def _lines_of(region: str, folder: Path) -> dict[str, str]:
    """Return the lines that the region's price file has now, by key."""
    known = read_prices(region, folder).prices
    return {key: _line(key, one.usd, one.unit, one.source) for key, one in known.items() if not is_everywhere(key)}


def _line(key: str, usd: Decimal, unit: str, source: str) -> str:
    return f'"{key}" = {{ usd = {usd.normalize():f}, unit = "{unit}", source = "{source}" }}'


def _file(region: str, lines: dict[str, str], *, today: date) -> str:
    """Return a price file with the order and the headings of us-east-1's."""
    return "\n".join(
        [
            f"# What AWS charges on demand in {region}, in US dollars without tax, before free allowances.",
            f"# `make prices REGION={region}` read it from AWS Price List. A row names service and usage type there;",
            "# then, where one usage type has several prices, what tells them apart. Savings Plans and traffic between",
            "# regions are not asked for: such rows are as they were before.",
            "",
            f'region = "{region}"',
            f"dated = {today}",
            f"checked = {today}",
            "",
            "[prices]",
            *_ordered(lines),
            "",
        ]
    )


def _ordered(lines: dict[str, str]) -> Iterator[str]:
    left = dict(lines)
    text = (FOLDER / f"{COMPLETE_REGION}.toml").read_text(encoding="utf-8")
    for line in text.partition("[prices]\n")[2].splitlines():
        row = _ROW.match(line)
        if row is None:
            yield line
        elif row[1] in left:
            yield left.pop(row[1])
    yield from left.values()


if __name__ == "__main__":
    sys.exit(main())
