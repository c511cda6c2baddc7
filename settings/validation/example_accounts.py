"""Accounts that stand for others in examples, tests and rehearsals, and that nobody can deploy to."""

from settings.model import Settings
from settings.types.image_uri import account_of

DOCUMENTED = ("123456789012", "111122223333", "444455556666", "777788889999")
"""The accounts in AWS' own documentation."""


def is_example(account: str) -> bool:
    """Tell whether the account is one digit twelve times or one of AWS' documentation."""
    return len(set(account)) == 1 or account in DOCUMENTED


def example_accounts(settings: Settings) -> list[tuple[str, str]]:
    """Return where in the settings an example stands, as in `environments.prod.account`, and which."""
    accounts = [
        ("repository.connection_arn", settings.repository.connection_arn.split(":")[4]),
        ("pipeline.account", settings.pipeline.account),
    ]
    if settings.image.uri:
        accounts.append(("image.uri", account_of(settings.image.uri)))
    for name, environment in settings.environments.items():
        accounts.append((f"environments.{name}.account", environment.account))
        if environment.image:
            accounts.append((f"environments.{name}.image", account_of(environment.image)))
    return [(path, account) for path, account in accounts if is_example(account)]
