"""Writes a `delivery.toml` that is right but for what a test changes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from settings import Settings, load

RIGHT = {
    "repository.name": '"example/yawl-delivery"',
    "repository.connection_arn": '"arn:aws:codeconnections:us-east-1:111111111111:connection/'
    '00000000-0000-0000-0000-000000000000"',
    "pipeline.account": '"111111111111"',
    "pipeline.region": '"us-east-1"',
    "image.uri": '"111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.0"',
    "environments.dev.account": '"222222222222"',
    "environments.dev.region": '"us-east-1"',
    "environments.prod.account": '"444444444444"',
    "environments.prod.region": '"us-east-1"',
}
"""Every key that must be given, for two environments."""


def delivery_toml(changes: str) -> str:
    """Return the file with `changes`, one a line: `key = value` sets a key, `no key` takes it out."""
    lines = dict(RIGHT)
    for change in changes.strip().splitlines():
        if change.startswith("no "):
            del lines[change.removeprefix("no ")]
        else:
            key, _, value = change.partition(" = ")
            lines[key] = value
    return "".join(f"{key} = {value}\n" for key, value in lines.items())


def load_changed(changes: str) -> Settings:
    """Return the settings of the file with `changes`; raises SettingsError."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "delivery.toml")
        file.write_text(delivery_toml(changes))
        return load(file)
