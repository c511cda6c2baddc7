"""The quotas that the emulator applies: an established account's, or a new one's (`--account new`).

Source: Service Quotas, and "Lambda quotas": a new account may have ten concurrent executions; the default is 1,000.
Both have five addresses a region; an established account is assumed to have requested more.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quotas:
    """Quotas of an account in a region."""

    lambda_executions: int
    elastic_addresses: int


ESTABLISHED = Quotas(lambda_executions=1000, elastic_addresses=50)
NEW = Quotas(lambda_executions=10, elastic_addresses=5)

_applied = [ESTABLISHED]


def apply(*, new_account: bool) -> None:
    """Apply the quotas of new accounts, or of established ones."""
    _applied[0] = NEW if new_account else ESTABLISHED


def lambda_executions() -> int:
    """Return how many functions may run at once in an account and region."""
    return _applied[0].lambda_executions


def elastic_addresses() -> int:
    """Return how many Elastic IP addresses an account may have in a region."""
    return _applied[0].elastic_addresses
