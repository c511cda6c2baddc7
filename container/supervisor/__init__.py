"""The supervisor of one task: ensures that exactly one YAWL engine is active and that every task can serve."""
