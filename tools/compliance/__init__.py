"""Writes `docs/COMPLIANCE.md` from a synthesis; imports no other package of the project."""
