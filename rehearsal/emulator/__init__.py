"""The emulated AWS: ministack, completed where a CDK pipeline needs more than it has.

ministack is used as a library in a process of its own (`python -m rehearsal.emulator`). Everything that reaches into
its internals stands in this package and nowhere else; the rest of the rehearsal speaks to it by AWS APIs alone.
"""
