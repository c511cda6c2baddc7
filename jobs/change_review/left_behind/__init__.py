"""Stacks that are deployed but not released: whose they are, what they hold and cost, and what collides."""
