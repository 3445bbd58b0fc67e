"""One module for each row."""
