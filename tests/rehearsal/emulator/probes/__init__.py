"""Probes: what AWS's documentation says of a request, asked of the emulator.

Each module holds the probes of one area as a table. `bench.py` carries them out, each in accounts of its own.
"""
