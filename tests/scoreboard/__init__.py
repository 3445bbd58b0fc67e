"""The scoreboard: what must survive, row by row, counted. `python -m tests.scoreboard` prints it."""
