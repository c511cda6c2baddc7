"""What a rehearsal shows and writes: the live view, the HTML report, the JSON report."""
