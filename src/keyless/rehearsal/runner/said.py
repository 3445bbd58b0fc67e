"""What the publish action says: titles letter by letter, because proofs are read from them, texts in substance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ATTESTING = "Generating and uploading digital attestations"
ATTESTATIONS_IGNORED = "attestations input ignored"
ATTESTATIONS_WITHOUT_TRUST = (
    "The workflow was run with the 'attestations: true' input, but an explicit password was also set, disabling "
    "Trusted Publishing. As a result, the attestations input is ignored."
)
ATTESTATIONS_WRONG_INDEX = (
    "The workflow was run with 'attestations: true' input, but the specified repository URL does not support PEP 740 "
    "attestations. As a result, the attestations input is ignored."
)
UPGRADE_TITLE = "Upgrade to Trusted Publishing"
UPGRADE = (
    "Trusted Publishers allows publishing packages to PyPI from automated environments like GitHub Actions without "
    "needing to use username/password combinations or API tokens to authenticate with PyPI. "
    "Read more: https://docs.pypi.org/trusted-publishers"
)
CREATE_TITLE = "Create a Trusted Publisher"
CREATE = (
    "A new Trusted Publisher for the currently running publishing workflow can be created by accessing the following "
    "link(s) while logged-in as an owner of the package(s):"
)
PASSWORDS_DISABLED_TITLE = "Password-based uploads disabled"
PASSWORDS_DEPRECATED_TITLE = "Password-based uploads deprecated"
PASSWORDS_DISABLED = (
    "As of 2024, PyPI requires all users to enable Two-Factor Authentication. This consequently requires all users to "
    "switch to either Trusted Publishers (preferred) or API tokens for package uploads."
)
EMPTY_TOKEN = (
    "EMPTY TOKEN: It looks like you have not passed a password or it is otherwise empty. Please verify that you have "
    "passed it directly or, preferably, through a secret."
)
ODD_TOKEN = (
    "POTENTIALLY INVALID TOKEN: It looks like you are trying to use an API token to authenticate in the package index "
    'and your token value does not start with "pypi-" as it typically should.'
)
MISSING_DISTS = (
    "MISSING DISTS: It looks like there are no Python distribution packages to publish in the directory '{folder}/'."
)
NO_IDENTITY = """OpenID Connect token retrieval failed: {identity_error}

This generally indicates a workflow configuration error, such as insufficient permissions. Make sure that your workflow \
has `id-token: write` configured at the job level, e.g.:

```yaml
permissions:
  id-token: write
```
"""
_RENDERED = (
    "sub",
    "repository",
    "repository_owner",
    "repository_owner_id",
    "workflow_ref",
    "job_workflow_ref",
    "ref",
    "environment",
)


def exchange_refused(status: int, reasons: Sequence[tuple[str, str]], claims: Mapping[str, str]) -> str:
    """Return the action's message for a refused exchange: the index's reasons, then the claims that it was shown."""
    if not reasons:
        return (
            f"Token request failed: the index produced an unexpected {status} response. This strongly suggests a "
            "server configuration or downtime issue; wait a few minutes and try again."
        )
    listed = "\n".join(f"* `{code}`: {description}" for code, description in reasons)
    rendered = "\n".join(f"* `{name}`: `{claims.get(name, 'MISSING')}`" for name in _RENDERED)
    return (
        f"Token request failed: the server refused the request for the following reasons:\n\n{listed}\n\n"
        "This generally indicates a trusted publisher configuration error, but could also indicate an internal error "
        "on GitHub or PyPI's part.\n\nThe claims rendered below are **for debugging purposes only**. You should **not** "
        "use them to configure a trusted publisher unless they already match your expectations.\n\n"
        f"If a claim is not present in the claim set, then it is rendered as `MISSING`.\n\n{rendered}\n"
    )
