"""Runs one keyless command line after the other on its terminal, each in a process of its own that has all modules already."""

from __future__ import annotations

import importlib
import pkgutil

import keyless.cli
import keyless.journeys
import keyless.services.sigstore.verifier
import keyless.workflows.findings
from tests.cli.app_for_terminals import serve

if __name__ == "__main__":
    for package in (keyless.cli, keyless.journeys):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    import keyless.services.github

    keyless.services.github.GitHubService  # noqa: B018  # loaded late
    serve()
