"""Parts of the storage stack."""
