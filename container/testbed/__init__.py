"""Runs tasks of the container on one machine without Docker, from Debian's packages and a fake engine.

Usage: `python -m testbed --tasks 2`, with container/ on PYTHONPATH. tests/container runs its fault scenarios here.
"""
