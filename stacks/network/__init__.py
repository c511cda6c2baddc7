"""Parts of the network stack."""
