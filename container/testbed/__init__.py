"""Runs tasks of the container on one machine, without Docker: Debian's own packages, and an engine of ours.

`python -m testbed --tasks 2`, with container/ on PYTHONPATH. The tests of tests/container play their faults here.
"""
