"""The settings that tests use; users may edit the repository's own `delivery.toml`."""

from pathlib import Path

EXAMPLE = Path(__file__).with_name("delivery.toml")
