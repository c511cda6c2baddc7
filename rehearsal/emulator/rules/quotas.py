"""The quotas that the emulator counts by: an established account's, or a new one's (`--account new`).

Source: Service Quotas, and "Lambda quotas": a new account may have ten concurrent executions; the default is 1,000. Of
addresses both have five a region; an established account is taken for one that has asked for more.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quotas:
    """What an account may have in a region."""

    lambda_executions: int
    elastic_addresses: int


ESTABLISHED = Quotas(lambda_executions=1000, elastic_addresses=50)
NEW = Quotas(lambda_executions=10, elastic_addresses=5)

_counted = [ESTABLISHED]


def count_as(*, new_account: bool) -> None:
    """Count by the quotas of new accounts, or of established ones."""
    _counted[0] = NEW if new_account else ESTABLISHED


def lambda_executions() -> int:
    """Return how many functions may run at once in an account and region."""
    return _counted[0].lambda_executions


def elastic_addresses() -> int:
    """Return how many Elastic IP addresses an account may have in a region."""
    return _counted[0].elastic_addresses
