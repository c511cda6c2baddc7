"""Environments as the pipeline deploys them."""
