"""Runs a synthesized CDK pipeline on this machine against an emulated AWS."""
