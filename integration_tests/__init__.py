"""Tests that run after each deployment, against the environment that variables name. Imports no other package."""
