"""Listens to the pipeline's own events: tells people what a delivery does, and what it asks of them."""
