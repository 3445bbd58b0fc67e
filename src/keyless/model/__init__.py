"""Frozen values that every room understands. Standard library only; no input or output."""
