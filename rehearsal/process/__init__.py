"""Child processes, what they see of the machine, and the directory a rehearsal works in."""
