"""Parts of the distribution stack."""
