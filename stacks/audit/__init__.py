"""Parts of the audit stack: the trail and the configuration record."""
