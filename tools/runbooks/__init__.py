"""Writes the runbooks of all alarms: a page for each environment in each of its regions, and one for the pipeline."""
