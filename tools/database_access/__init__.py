"""`make database-access`: opens a recorded, read-only session in an environment's database for an hour."""
