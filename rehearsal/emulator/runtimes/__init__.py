"""What Lambda provides to the functions that run here."""
