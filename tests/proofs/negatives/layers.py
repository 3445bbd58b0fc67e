"""The checks, each with a switch: a case that is refused must pass when the checks that it aims at are off."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.proofs import identity, provenance, release, runs
from keyless.proofs.findings import holds
from keyless.services.sigstore import statement, verifier

JUDGE = importlib.import_module("keyless.proofs.judge")  # the package has a function of that name
Switch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Layer:
    """A check. `library`: it is sigstore's or pypi-attestations's own, keyless only has to ask for it."""

    name: str
    off: Switch | None = None
    library: bool = False

    def __repr__(self) -> str:
        return self.name


def finding(identifier: str) -> Layer:
    """The check of the room `proofs` that gives this reason. Off: the reason speaks for instead."""
    return Layer(identifier)


@contextmanager
def switched_off(layers: Iterable[Layer]) -> Iterator[None]:
    """Run with these checks off."""
    layers = tuple(layers)
    identifiers = {layer.name for layer in layers if layer.off is None}
    with pytest.MonkeyPatch.context() as patch:
        for layer in layers:
            if layer.off is not None:
                layer.off(patch)
        for module in (identity, JUDGE, provenance, release, runs):
            for maker in ("contradicts", "unread"):
                if hasattr(module, maker):
                    patch.setattr(module, maker, _without(identifiers, getattr(module, maker)))
        yield


def _without(identifiers: set[str], maker: Callable[..., object]) -> Callable[..., object]:
    def make(identifier: str, message: str, *more: str) -> object:
        return holds(identifier, message) if identifier in identifiers else maker(identifier, message, *more)

    return make


def _nothing(*_: object) -> None:
    """Check nothing."""


def _cryptography(patch: pytest.MonkeyPatch) -> None:
    import sigstore.verify

    def believe(_self: object, bundle: object, policy: object) -> tuple[str, bytes]:
        policy.verify(bundle.signing_certificate)
        envelope = bundle._dsse_envelope._inner
        return envelope.payload_type, envelope.payload

    patch.setattr(sigstore.verify.Verifier, "verify_dsse", believe)


def _any_publisher(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verifier, "_stated", lambda _: Publisher("shap", "shap", "release.yml", "pypi"))


def _any_file_will_do(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(provenance.Provenance, "all_in", lambda self, *wanted: any(one in wanted for one in self.standings))


def _no_file_will_do(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(provenance.Provenance, "all_in", lambda self, *wanted: all(one in wanted for one in self.standings))


def _first_of_many(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(statement, "_only", lambda subjects: subjects[0])


def _replace(module: object, name: str, value: object = _nothing) -> Switch:
    return lambda patch: patch.setattr(module, name, value)


CRYPTOGRAPHY = Layer("signature, certificate and log", _cryptography, library=True)
POLICY = Layer("issuer and repository", _replace(verifier, "_policy", lambda _: verifier._Anybody()))
WORKFLOW = Layer("workflow", _replace(verifier, "_check_workflow"))
TIME = Layer("no future", _replace(verifier, "_check_time"))
DOCUMENT = Layer("known keys only", _replace(verifier, "check_document"))
KIND_OF_PUBLISHER = Layer("GitHub's publisher", _any_publisher)
TYPE = Layer("in-toto v1", _replace(statement, "_check_type"))
ONE_SUBJECT = Layer("one subject", _first_of_many)
NAME = Layer("subject's name", _replace(statement, "_check_name"))
DIGEST = Layer("subject's digest", _replace(statement, "_check_digest"))
PREDICATE = Layer("predicate type", _replace(statement, "_check_predicate"))
SOME_FILE = Layer("some file", _no_file_will_do)
EVERY_FILE = Layer("every file", _any_file_will_do)
BAR = Layer("the gate's bar", _replace(Grade, "reaches", lambda *_: True))
