"""The supervisor of one task: sees to it that exactly one YAWL engine is active, and that every task can serve."""
