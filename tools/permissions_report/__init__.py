"""`make permissions`: whether every Allow statement of the templates is needed, and by which call."""
