"""What an approver decides by: what runs now, every commit since, and the changes by risk, on one page."""
