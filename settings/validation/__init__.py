"""Reads the file and reports every mistake at once, each with its path and remedy."""
