"""PyPI and TestPyPI in rehearsal: separate worlds with separate accounts, tokens, projects and publishers."""
