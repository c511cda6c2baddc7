"""What runs in Lambda: each file is a function by itself, imports nothing of ours, and fits into its template."""
