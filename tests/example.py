"""Where the configuration stands that tests know; the repository's own `delivery.toml` is its user's to change."""

from pathlib import Path

EXAMPLE = Path(__file__).with_name("delivery.toml")
