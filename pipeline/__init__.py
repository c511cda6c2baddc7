"""The delivery pipeline: its stack, one file per step, and the commands that install it."""
