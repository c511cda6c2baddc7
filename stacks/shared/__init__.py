"""Parts that several stacks use: keys, log groups, secrets, acknowledgments."""
