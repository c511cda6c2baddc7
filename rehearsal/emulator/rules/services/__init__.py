"""Refusals of the services behind the resource types, beyond names and schemas."""

from rehearsal.emulator.rules.services import compute, databases, delivery, identity, keys, network, storage

__all__ = ["compute", "databases", "delivery", "identity", "keys", "network", "storage"]
