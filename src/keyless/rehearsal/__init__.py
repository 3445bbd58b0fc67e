"""The rehearsal: GitHub, PyPI, TestPyPI, an OIDC issuer and a Sigstore that behave as the real ones and can be broken."""
