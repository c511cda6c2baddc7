"""Builds as in CodeBuild: their specification, and the environment, runtimes and tools they run with."""
