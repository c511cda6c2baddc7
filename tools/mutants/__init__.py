"""Mutation tests: small deliberate defects, and which tests catch them."""
