"""Tells what the rule packs found: writes `docs/COMPLIANCE.md` from a synthesis. Imports nothing of the rest."""
