"""keyless: from PyPI API tokens to trusted publishing, with the token cleaned up and a way back."""

__version__ = "0.1.0"
