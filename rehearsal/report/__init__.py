"""What a rehearsal reports: the live view, and the reports it writes."""
