"""The kinds of actions a rehearsal can run, one file each.

An action takes a `Run` and returns an `Outcome`; it raises `ActionFailed` with the reason to show.
"""
