"""Each testbed on a machine has its own block of loopback addresses."""

import socket

import pytest

from testbed import addresses
from testbed.addresses import AddressBlock, NoAddressError


def test_two_blocks_share_no_address() -> None:
    with AddressBlock() as one, AddressBlock() as other:
        assert not set(one.all) & set(other.all)
        assert one.first not in {one.next_address(), one.next_address()}


def test_a_block_that_was_left_is_free_again() -> None:
    with AddressBlock() as block:
        first = block.first
    with AddressBlock() as block:
        assert block.first == first


def test_no_address_is_handed_out_twice() -> None:
    with AddressBlock() as block:
        handed_out = [block.next_address() for _ in range(addresses.LAST_HOST - 1)]
        assert len(set(handed_out)) == addresses.LAST_HOST - 1
        assert set(handed_out) == set(block.all) - {block.first}
        with pytest.raises(NoAddressError, match="every address"):
            block.next_address()


def test_a_port_that_something_else_has_everywhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "BLOCKS", range(253, 254))
    with socket.socket() as other:
        other.bind(("127.0.253.2", 0))
        other.listen(1)
        port = other.getsockname()[1]
        monkeypatch.setattr(addresses, "TASK_PORTS", (port,))
        with pytest.raises(NoAddressError, match=f"port {port} is taken on all addresses"), AddressBlock():
            pass


def test_that_all_blocks_are_in_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "BLOCKS", range(254, 255))
    with AddressBlock(), pytest.raises(NoAddressError, match="in use by another testbed"), AddressBlock():
        pass
