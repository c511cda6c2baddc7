"""What the accounts must contain before the pipeline runs: found in the assembly, given by the user, or placeholders.

Secrets, parameters, networks and the like are read from the templates (`templates.py`) and from the app's lookups
(`lookups.py`). A file has their values (`values.py`); the rest become placeholders and gaps (`placing.py`).
"""
