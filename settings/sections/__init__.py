"""The tables of `delivery.toml`, one model each."""
