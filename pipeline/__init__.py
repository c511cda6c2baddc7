"""The delivery pipeline."""
