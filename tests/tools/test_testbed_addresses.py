"""Each testbed on a machine has its own block of loopback addresses."""

import socket

import pytest

from testbed import addresses
from testbed.addresses import AddressBlock, NoAddressError


def test_blocks_do_not_overlap() -> None:
    with AddressBlock() as one, AddressBlock() as other:
        assert not set(one.all) & set(other.all)
        assert one.first not in {one.next_address(), one.next_address()}


def test_released_block_can_be_reused() -> None:
    with AddressBlock() as block:
        first = block.first
    with AddressBlock() as block:
        assert block.first == first


def test_addresses_are_unique() -> None:
    with AddressBlock() as block:
        handed_out = [block.next_address() for _ in range(addresses.LAST_HOST - 1)]
        assert len(set(handed_out)) == addresses.LAST_HOST - 1
        assert set(handed_out) == set(block.all) - {block.first}
        with pytest.raises(NoAddressError, match="every address"):
            block.next_address()


def test_port_in_use_everywhere_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "BLOCKS", range(253, 254))
    with socket.socket() as other:
        other.bind(("127.0.253.2", 0))
        other.listen(1)
        port = other.getsockname()[1]
        monkeypatch.setattr(addresses, "TASK_PORTS", (port,))
        with pytest.raises(NoAddressError, match=f"port {port} is taken on all addresses"), AddressBlock():
            pass


def test_exhausted_blocks_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "BLOCKS", range(254, 255))
    with AddressBlock(), pytest.raises(NoAddressError, match="in use by another testbed"), AddressBlock():
        pass
