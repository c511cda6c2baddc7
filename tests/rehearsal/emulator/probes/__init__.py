"""Probes: requests whose answer AWS documents, sent to the emulator.

Each module holds the probes of one area as a table. `bench.py` carries them out, each in accounts of its own.
"""
