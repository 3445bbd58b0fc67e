"""The command line: one file per command, and in `main` the only place where KeylessError is caught."""
