"""The port `Verifier`: one path for Sigstore's own trust root and for a rehearsal's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keyless.errors import UsageError
from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.release import AttestationFact, Claims, ReleaseFile
from keyless.services.ports import Verifier
from keyless.services.sigstore import roots, statement
from keyless.services.sigstore.certificate import read_claims, valid_from
from keyless.services.sigstore.documents import check_document

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from pypi_attestations import Attestation, AttestationBundle
    from sigstore.models import Bundle
    from sigstore.verify import Verifier as SignatureVerifier
    from sigstore.verify.policy import VerificationPolicy

ISSUER: Final = "https://token.actions.githubusercontent.com"
GITHUB: Final = "https://github.com"
AHEAD: Final = timedelta(minutes=5)
"""How far the log's clock may be ahead of ours; sigstore itself accepts a certificate from the future."""

STAGING: Final = "it was signed under Sigstore's staging root, which is for trying things out and proves nothing"
_LONGEST_REASON: Final = 300


class SigstoreVerifier(Verifier):
    """Judges signatures, not whether the publisher is the right one (that is the room `proofs`).

    `trust_root` given: exactly that file. None: Sigstore's production root, refreshed by TUF where `refresh` is allowed
    and there is a network, else as packaged. `now` returns the present (UTC).
    """

    def __init__(
        self, trust_root: Path | None, index: Index, now: Callable[[], datetime], *, refresh: bool = True
    ) -> None:
        self._path = trust_root
        self._index = index
        self._now = now
        self._refresh = refresh
        self._kept: tuple[SignatureVerifier, roots.Root] | None = None

    def attestations(self, provenance: bytes, file: ReleaseFile) -> tuple[AttestationFact, ...]:
        """Return one fact for each attestation. Raises nothing: what cannot be verified says so in `refused`."""
        verifier: SignatureVerifier | None = None
        try:
            verifier, kept = self._verifier()
            root = kept.name
        except Exception as error:  # noqa: BLE001  # without a root nothing is verified, whatever went wrong
            root = f"none: the trust root cannot be used ({_reason(error)})"
        try:
            from pypi_attestations import Provenance

            check_document(provenance)
            bundles = Provenance.model_validate_json(provenance).attestation_bundles
        except Exception as error:  # noqa: BLE001  # fail closed, keep the reason
            refused = f"{self._index.label}'s provenance cannot be understood: {_reason(error)}"
            return (AttestationFact(None, None, None, None, refused, root),)
        return tuple(
            self._fact(verifier, root, bundle, attestation, file)
            for bundle in bundles
            for attestation in bundle.attestations
        )

    def root(self) -> tuple[str, bytes]:
        """Return which trust root signatures are judged by, and its text. Raises UsageError when it cannot be used."""
        try:
            _, root = self._verifier()
        except Exception as error:
            raise UsageError(
                f"The trust root cannot be used: {_reason(error)}.",
                hint="Name another file, or none for Sigstore's own.",
            ) from error
        return root.name, root.content

    def _verifier(self) -> tuple[SignatureVerifier, roots.Root]:
        if self._kept is None:
            from sigstore.verify import Verifier as SignatureVerifier

            root = roots.production(refresh=self._refresh) if self._path is None else roots.given(self._path)
            self._kept = SignatureVerifier(trusted_root=root.root), root
        return self._kept

    def _fact(
        self,
        verifier: SignatureVerifier | None,
        root: str,
        bundle: AttestationBundle,
        attestation: Attestation,
        file: ReleaseFile,
    ) -> AttestationFact:
        stated = _stated(bundle)
        if stated is None:
            refused = f"the publisher that the index states is {bundle.publisher.kind}'s, not GitHub's"
            return AttestationFact(None, None, None, None, refused, root)
        if verifier is None:
            return AttestationFact(stated, None, None, None, "not verified: no trust root", root, unverifiable=True)
        try:
            predicate, claims, moment = self._verified(verifier, attestation, stated, file)
        except Exception as error:  # noqa: BLE001  # two libraries raise a dozen unrelated errors here: fail closed
            refused = STAGING if _of_staging(attestation) else _reason(error)
            return AttestationFact(stated, None, None, None, refused, root)
        return AttestationFact(stated, predicate, claims, moment, None, root)

    def _verified(
        self, verifier: SignatureVerifier, attestation: Attestation, stated: Publisher, file: ReleaseFile
    ) -> tuple[str, Claims, datetime]:
        """Return predicate type, claims and the log's time. Raises some exception with the reason otherwise."""
        bundle = attestation.to_bundle()
        kind, payload = verifier.verify_dsse(bundle, _policy(stated))
        predicate = statement.check(kind, payload, file)
        claims = read_claims(bundle.signing_certificate)
        _check_workflow(claims, stated)
        moment = _logged_at(bundle)
        _check_time(max(moment, valid_from(bundle.signing_certificate)), self._now() + AHEAD)
        return predicate, claims, moment


def _policy(stated: Publisher) -> VerificationPolicy:
    """Return what the certificate must say: GitHub's issuer, and the repository that the index states."""
    from sigstore.verify.policy import AllOf, OIDCIssuerV2, OIDCSourceRepositoryURI

    return AllOf([OIDCIssuerV2(ISSUER), OIDCSourceRepositoryURI(f"{GITHUB}/{stated.owner}/{stated.repository}")])


def _check_workflow(claims: Claims, stated: Publisher) -> None:
    """Raise ValueError unless the run's workflow is the one that the index states, at the run's own ref or commit."""
    path = f"{GITHUB}/{stated.owner}/{stated.repository}/.github/workflows/{stated.workflow}"
    if claims.build_config_uri not in {f"{path}@{claims.source_ref}", f"{path}@{claims.source_digest}"}:
        raise ValueError(f"the certificate is another workflow's: {claims.build_config_uri}")


def _check_time(signed: datetime, latest: datetime) -> None:
    """Raise ValueError for what comes from the future; sigstore takes it."""
    if signed > latest:
        raise ValueError(
            f"it was signed in the future: {signed.isoformat()}, and it is {latest - AHEAD:%Y-%m-%d %H:%M} UTC by this "
            "machine's clock"
        )


class _Anybody:
    """A policy that every certificate meets: only for telling under which root something was signed."""

    def verify(self, cert: Certificate) -> None:
        """Accept it."""


@cache
def _staging() -> SignatureVerifier:
    from sigstore.verify import Verifier as SignatureVerifier

    return SignatureVerifier(trusted_root=roots.staging().root)


def _of_staging(attestation: Attestation) -> bool:
    """Whether a refused attestation holds under the staging root, so that the reason can say so."""
    try:
        _staging().verify_dsse(attestation.to_bundle(), _Anybody())
    except Exception:  # noqa: BLE001  # it holds nowhere: the first reason stands
        return False
    return True


def _stated(bundle: AttestationBundle) -> Publisher | None:
    """Return the publisher that the index states, None for one that is not GitHub's."""
    from pypi_attestations import GitHubPublisher

    publisher = bundle.publisher
    if not isinstance(publisher, GitHubPublisher):
        return None
    owner, _, repository = publisher.repository.partition("/")
    return Publisher(owner, repository, publisher.workflow, publisher.environment or None)


def _logged_at(bundle: Bundle) -> datetime:
    """Return the transparency log's time (UTC), from the bundle as sigstore read it."""
    (entry,) = json.loads(bundle.to_json())["verificationMaterial"]["tlogEntries"]
    return datetime.fromtimestamp(int(entry["integratedTime"]), UTC)


def _reason(error: Exception) -> str:
    """Return an error's kind and words on one line."""
    words = " ".join(str(error).split())
    return f"{words or 'no words'} ({type(error).__name__})"[:_LONGEST_REASON]
