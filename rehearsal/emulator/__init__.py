"""The emulated AWS: ministack, completed where a CDK pipeline needs more than it has.

ministack is used as a library in a process of its own (`python -m rehearsal.emulator`). Only this package uses its
internals; the rest of the rehearsal uses AWS APIs.
"""
