"""`make releases`: shows from the release records what was deployed where, and when."""
