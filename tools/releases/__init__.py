"""Answers what ran where, and when, from the records the pipeline writes; stands alone."""
