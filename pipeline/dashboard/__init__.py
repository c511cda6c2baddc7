"""The page a team keeps open: how delivery goes. One file for each part of it, from top to bottom."""
