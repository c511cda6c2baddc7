"""Properties that hold for all values of the settings."""

import tomllib
from fnmatch import fnmatch
from ipaddress import IPv4Network
from itertools import combinations, permutations, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from settings import NetworkSettings, Settings, TasksSettings
from settings.aws.data import MEMORY_BY_CPU
from settings.load import report
from tests.unit.settings.report_form import malformed
from tests.unit.settings_file import delivery_toml

unhurried = settings(max_examples=50, deadline=None, database=None, derandomize=True)
"""The same examples in every run, without a time limit and without a database of examples."""

# Few addresses, so that blocks often overlap.
ADDRESSES = st.integers(0x0A000000, 0x0A0003FF)
BLOCKS = st.tuples(ADDRESSES, st.integers(24, 27)).map(lambda block: str(IPv4Network(block, strict=False)))
PAIRS = st.tuples(BLOCKS, BLOCKS)


def said_of(section: TasksSettings | NetworkSettings) -> list[str]:
    return [str(mistake.path[0]) for mistake in section.mistakes()]


@unhurried
@given(st.sampled_from([*MEMORY_BY_CPU, 128, 768, 65536]), st.integers(1, 250).map(lambda half_gib: 512 * half_gib))
def test_task_sizes_exist_on_fargate(cpu: int, memory: int) -> None:
    output = [key for key in said_of(TasksSettings.model_construct(cpu=cpu, memory=memory, heap="1m")) if key != "heap"]
    offered = memory in MEMORY_BY_CPU.get(cpu, ())
    assert output == ([] if offered else ["memory"] if cpu in MEMORY_BY_CPU else ["cpu"])


@unhurried
@given(st.integers(3, 8192), st.sampled_from("mM"), st.sampled_from([512, 1024, 2048, 4096, 8192]))
def test_heap_leaves_a_quarter_of_the_memory_and_768_mib(heap: int, unit: str, memory: int) -> None:
    cpu = next(cpu for cpu, offered in MEMORY_BY_CPU.items() if memory in offered)
    output = said_of(TasksSettings.model_construct(cpu=cpu, memory=memory, heap=f"{heap}{unit}"))
    assert output == ([] if 4 * heap <= 3 * memory and heap + 768 <= memory else ["heap"])


@unhurried
@given(PAIRS, PAIRS, PAIRS)
def test_no_address_is_in_two_subnets(
    public: tuple[str, str], private: tuple[str, str], isolated: tuple[str, str]
) -> None:
    addresses = [set(IPv4Network(block)) for block in (*public, *private, *isolated)]
    shared = any(one & other for one, other in combinations(addresses, 2))
    network = NetworkSettings.model_construct(public_subnets=public, private_subnets=private, isolated_subnets=isolated)
    assert bool(said_of(network)) == shared


@unhurried
@given(BLOCKS, st.integers(16, 28), ADDRESSES)
def test_every_address_of_a_subnet_is_in_the_vpc(subnet: str, prefix: int, address: int) -> None:
    vpc = IPv4Network((address, prefix), strict=False)
    # A single subnet: only its place in the VPC matters.
    network = NetworkSettings.model_construct(
        cidr=str(vpc), public_subnets=(), private_subnets=(), isolated_subnets=(subnet,)
    )
    assert bool(said_of(network)) != all(address in vpc for address in IPv4Network(subnet))


WORDS = st.lists(st.sampled_from(["qa", "eu", "us", "q"]), min_size=1, max_size=3).map("-".join)
FURTHER_REGIONS = st.sets(st.sampled_from(["eu-west-1", "eu-west-2"]))


@settings(unhurried, max_examples=25)
@given(st.dictionaries(WORDS, FURTHER_REGIONS, min_size=2, max_size=4))
def test_no_pattern_of_an_environment_covers_names_of_another_in_its_account(environments: dict[str, set[str]]) -> None:
    table: dict[str, Any] = tomllib.loads(delivery_toml(""))
    for name, regions in environments.items():
        regional = {"region": "us-east-1", "further_regions": dict.fromkeys(regions, 2)}
        table["environments"][name] = {"account": "555555555555", **regional}
    output = report(Settings.model_validate(table, context=Settings), table)
    names = {name: [name, *(f"{name}-{region}" for region in regions)] for name, regions in environments.items()}
    covered = {
        other
        for one, other in permutations(names, 2)
        if any(fnmatch(f"yawl-{full}-network", f"yawl-{start}-*") for start, full in product(names[one], names[other]))
    }
    assert {line.split(".")[1].split(":")[0] for line in output if "start with" in line} == covered


@unhurried
@given(st.text(max_size=60) | st.sampled_from(["a\nb", "\x1b[31m", "\u202e", "x" * 42, "prod-\x7f"]))
def test_name_of_an_environment_can_be_shown_wherever_it_is_reported(name: str) -> None:
    table: dict[str, Any] = tomllib.loads(delivery_toml(""))
    copied = {"recovery": {"copy_region": "us-west-2"}, "further_regions": {"eu-west-1": 2}}
    table["environments"][name] = {"account": "444444444444", "region": "us-east-1", **copied}
    table["environments"][f"{name}-eu"] = table["environments"][name]
    assert malformed(report(Settings.model_validate(table, context=Settings), table), table) == []
