"""Runs a synthesized CDK pipeline on this machine against an emulated AWS."""

__version__ = "0.1.0"
