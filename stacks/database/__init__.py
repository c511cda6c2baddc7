"""Parts of the database stack."""
