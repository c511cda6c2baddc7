"""What the project costs in time and against AWS' limits: `make bench`."""
