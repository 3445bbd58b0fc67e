"""Who answers: a person at a terminal or a script. Both answer the same questions, from one table."""
