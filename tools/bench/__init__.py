"""`make bench`: synthesis and rehearsal times, and the distance to AWS's limits."""
