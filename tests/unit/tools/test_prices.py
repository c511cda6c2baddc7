"""`make prices`: a region's price file, read from a fake of AWS Price List on the loopback."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from jobs.cost.assembly import read_environments
from jobs.cost.estimate import estimate
from jobs.cost.prices import FOLDER, Price, PriceList, read_prices
from jobs.cost.usage import Assumptions
from tests.faulty_http_server import PROXY_VARIABLES, Behaviour, Request, respond, serve_application, unused_port
from tools.prices import price_list
from tools.prices.__main__ import main
from tools.prices.rows import Row, is_everywhere, rows

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

REGION, PREFIX = "eu-west-1", "EU-"
DEARER = Decimal("1.1")
"""What the fake charges, as a multiple of us-east-1's prices."""
SCALES = {"1,000 requests": 1000, "1,000 events": 1000, "million requests": 10**6, "million events": 10**6}


def product(usage_type: str, attributes: dict[str, str], terms: dict[str, Any]) -> dict[str, Any]:
    return {"product": {"attributes": {"regionCode": REGION, "usagetype": usage_type, **attributes}}, "terms": terms}


def offer(*prices: Decimal, **term: str) -> dict[str, Any]:
    steps = {
        str(number): {"beginRange": str(number * 10), "pricePerUnit": {"USD": f"{price:.10f}"}}
        for number, price in enumerate(prices)
    }
    return {"termAttributes": term, "priceDimensions": steps}


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Return the fake's products by service: each row of ours, after a free step, beside what resembles it."""
    known = read_prices("us-east-1").prices
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows([]):
        usd = known[row.key].usd * DEARER / SCALES.get(row.unit, 1)
        usage_type, attributes = PREFIX + row.usage_type, dict(row.attributes)
        if row.term:
            own = {"LeaseContractLength": "1yr", "PurchaseOption": "No Upfront", "OfferingClass": "standard"}
            other = own | {"PurchaseOption": "All Upfront"}
            terms = {"Reserved": {"a": offer(usd, **own), "b": offer(usd / 2, **other)}}
        else:
            terms = {"OnDemand": {"a": offer(Decimal(0), usd, usd / 2)}}
        found.setdefault(row.service, []).extend(
            [
                product(usage_type, attributes, terms),
                product(f"{usage_type}-SpotDiscount", attributes, {"OnDemand": {"a": offer(usd * 3)}}),
                product(f"{PREFIX}Windows-{row.usage_type}", attributes, {"OnDemand": {"a": offer(usd * 2)}}),
            ]
        )
    return found


def matches(item: dict[str, Any], filters: list[dict[str, str]]) -> bool:
    attributes = item["product"]["attributes"]
    return all(
        one["Value"] in attributes.get(one["Field"], "")
        if one["Type"] == "CONTAINS"
        else attributes.get(one["Field"]) == one["Value"]
        for one in filters
    )


def answers(products: dict[str, list[dict[str, Any]]]) -> Callable[[Request], Behaviour]:
    """Answer GetProducts, with one container product a page."""

    def answer(request: Request) -> Behaviour:
        assert request.headers["x-amz-target"] == "AWSPriceListService.GetProducts"
        asked = json.loads(request.text.partition("\r\n\r\n")[2])
        found = [item for item in products.get(asked["ServiceCode"], []) if matches(item, asked["Filters"])]
        start = int(asked.get("NextToken", "0"))
        end = start + (1 if asked["ServiceCode"] == "AmazonECS" else len(found))
        body: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(one) for one in found[start:end]]}
        if end < len(found):
            body["NextToken"] = str(end)
        return respond(200, json.dumps(body).encode(), content_type="application/x-amz-json-1.1")

    return answer


def refuses(code: str) -> Callable[[Request], Behaviour]:
    body = json.dumps({"__type": code, "message": "not this"}).encode()
    return lambda _: respond(400, body, content_type="application/x-amz-json-1.1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for price files, and credentials that suffice for the fake."""
    for name in (*PROXY_VARIABLES, "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    monkeypatch.setattr(price_list, "CONFIG", Config(retries={"total_max_attempts": 1}))
    (tmp_path / "every-region.toml").write_text((FOLDER / "every-region.toml").read_text())
    return tmp_path


@contextmanager
def aws(monkeypatch: pytest.MonkeyPatch, application: Callable[[Request], Behaviour]) -> Generator[None, None, None]:
    with serve_application(application) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield


def ask_only_for(few: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    def only(_needed: list[str]) -> list[Row]:
        return few

    monkeypatch.setattr("tools.prices.__main__.rows", only)


def read(folder: Path, *options: str) -> int:
    return main([REGION, "--folder", str(folder), "--assembly", str(folder), *options])


def fresh(folder: Path) -> PriceList:
    read_prices.cache_clear()
    return read_prices(REGION, folder)


def test_region_is_priced_by_its_own_figures(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], assembly: "CloudAssembly"
) -> None:
    with aws(monkeypatch, answers(catalogue())):
        assert read(folder) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"written: {folder / 'eu-west-1.toml'}, ")
    assert "left out" not in out
    written = fresh(folder)
    assert written.checked
    east = read_prices("us-east-1")
    for row in rows([]):
        price = written.get(row.key)
        assert price is not None, row.key
        assert (price.usd, price.unit) == (east.prices[row.key].usd * DEARER, row.unit), row.key
        assert PREFIX in price.source
    found = estimate(
        read_environments(Path(assembly.directory)),
        Assumptions(by_environment={}),
        prices_of=lambda _: written,
    )
    # Price List does not have it for a region alone.
    assert {one.price for one in found.unpriced} == {"regions.gb"}


def test_database_class_of_the_assembly_is_asked_for_too() -> None:
    needed = ["database.db.r7g.2xlarge.multi_az_hour", "cache.r7g.xlarge.hour", "regions.gb", "key.month"]
    more = [row for row in rows(needed) if row.key in needed[:2]]
    assert [(row.service, row.usage_type) for row in more] == [
        ("AmazonRDS", "Multi-AZUsage:db.r7g.2xl"),
        ("AmazonElastiCache", "NodeUsage:cache.r7g.xlarge"),
    ]
    assert not any(is_everywhere(row.key) or row.key == "regions.gb" for row in rows(needed))


def key_product(usd: str) -> dict[str, Any]:
    return product("EU-KMS-Keys", {}, {"OnDemand": {"a": offer(Decimal(usd))}})


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ([], "AWS Price List has no awskms KMS-Keys"),
        ([key_product("1.1"), key_product("2")], "at $1.1, $2: add the attribute that tells them apart"),
        ([key_product("9")], "at $9, which is not plausible beside $1.00 in us-east-1"),
    ],
    ids=["absent", "ambiguous", "another unit"],
)
def test_what_price_list_does_not_say_clearly_is_left_as_it_was(
    keys: list[dict[str, Any]],
    reason: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    few = [row for row in rows([]) if row.service in {"awskms", "AWSSecretsManager"}]
    ask_only_for(few, monkeypatch)
    with aws(monkeypatch, answers(catalogue() | {"awskms": keys})):
        assert read(folder) == 0
        assert (output := capsys.readouterr().out).count("left out: ") == 1
        assert reason in output
        assert fresh(folder).get("key.month") is None
        file = folder / "eu-west-1.toml"
        rows_by_hand = (
            '"key.month" = { usd = 7, unit = "key-month", source = "awskms x" }',
            '"regions.gb" = { usd = 0.02, unit = "GB", source = "AWSDataTransfer x" }',
        )
        file.write_text("\n".join([file.read_text(), *rows_by_hand]))
        read_prices.cache_clear()
        assert read(folder) == 0
        assert "as before: key.month" in capsys.readouterr().out
    kept: list[Price | None] = [fresh(folder).get(key) for key in ("key.month", "regions.gb")]
    assert [one and one.usd for one in kept] == [7, Decimal("0.02")]


@pytest.mark.parametrize(
    ("code", "received"),
    [
        ("AccessDeniedException", "AWS denied it: "),
        ("AccessDeniedException", "allowed pricing:GetProducts"),
        ("ThrottlingException", "Try again in a minute"),
        ("InternalErrorException", "(InternalErrorException)"),
    ],
)
def test_what_aws_refuses_changes_no_file(
    code: str, received: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with aws(monkeypatch, refuses(code)):
        assert read(folder) == 2
    output = capsys.readouterr().err
    assert received in output
    assert output.endswith("eu-west-1.toml is unchanged\n")
    assert not (folder / "eu-west-1.toml").exists()


def test_neither_do_an_unknown_region_and_aws_out_of_reach(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ask_only_for(list(rows([]))[:2], monkeypatch)
    with aws(monkeypatch, answers({})):
        assert read(folder) == 2
        assert "AWS Price List has no price of eu-west-1" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_port()}")
    assert read(folder) == 2
    assert "Could not connect" in capsys.readouterr().err
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert read(folder) == 2
    assert "no AWS credentials were found (The config profile (nobody)" in capsys.readouterr().err
    monkeypatch.delenv("AWS_PROFILE")
    assert main(["us-gov-west-1", "--folder", str(folder)]) == 2
    assert "us-gov-west-1 is no region with ECS" in capsys.readouterr().err
    assert [file.name for file in folder.iterdir()] == ["every-region.toml"]
