"""Playbooks: the wizard's questions answered in a file, for named repositories. Data, never code."""
