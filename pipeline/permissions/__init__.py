"""Roles and policies of the pipeline: what the library grants, narrowed."""
