"""Placeholder accounts in examples, tests and rehearsals, which nobody can deploy to."""

from settings.model import Settings
from settings.types.image_uri import EcrImage

DOCUMENTED = ("123456789012", "111122223333", "444455556666", "777788889999")
"""The example accounts in AWS documentation."""


def is_example(account: str) -> bool:
    """Tell whether the account is one digit twelve times or an example in AWS documentation."""
    return len(set(account)) == 1 or account in DOCUMENTED


def example_accounts(settings: Settings) -> list[tuple[str, str]]:
    """Return the path, such as `environments.prod.account`, and account of each example in the settings."""
    accounts = [
        ("repository.connection_arn", settings.repository.connection_arn.split(":")[4]),
        ("pipeline.account", settings.pipeline.account),
    ]
    if settings.image.uri:
        accounts.append(("image.uri", EcrImage.parse(settings.image.uri).account))
    for name, environment in settings.environments.items():
        accounts.append((f"environments.{name}.account", environment.account))
        if environment.image:
            accounts.append((f"environments.{name}.image", EcrImage.parse(environment.image).account))
    return [(path, account) for path, account in accounts if is_example(account)]
