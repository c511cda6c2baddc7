"""What the services behind the resource types refuse, beyond names and schemas: a module each."""

from rehearsal.emulator.rules.services import compute, databases, delivery, identity, keys, network, storage

__all__ = ["compute", "databases", "delivery", "identity", "keys", "network", "storage"]
