"""Draws pictures of a synthesized app: its environments' architecture, and its pipeline."""
