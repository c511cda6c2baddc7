"""Runs tasks of the container on one machine, without Docker: real parts of Debian's, and an engine of our own.

`python -m workbench --tasks 2`, with container/ on PYTHONPATH. The tests of tests/container play their faults here.
"""
