"""Parts of the two recovery stacks."""
