"""pypa/gh-action-pypi-publish, interpreted: the same rule for trusted or token, the same traces, the same failures.

Source: the action's `twine-upload.sh` and `oidc-exchange.py`. Messages that a maintainer would search for are the action's
in substance; titles are its exact ones, because proof is read from them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from keyless.rehearsal.runner import said
from keyless.rehearsal.runner.job import FAILURE, NOTICE, WARNING, RunningJob, StepFailed
from keyless.rehearsal.runner.trusted import ExchangeRefused, NoAudience, NoIdentity, exchange
from keyless.rehearsal.runner.upload import (
    DEFAULT,
    Destination,
    Refused,
    Unreachable,
    destination,
    distributions,
    upload,
)
from keyless.rehearsal.store import Document
from keyless.secret import Secret

ACTION = "pypa/gh-action-pypi-publish"
_DEFAULTS = {
    "user": "__token__",
    "password": "",
    "repository-url": DEFAULT,
    "packages-dir": "dist",
    "verify-metadata": "true",
    "skip-existing": "false",
    "verbose": "false",
    "print-hash": "false",
    "attestations": "true",
}
_FIRST_WITH_OIDC, _FIRST_WITH_ATTESTATIONS, _FIRST_COMPOSITE = (1, 8, 0), (1, 11, 0), (1, 12, 0)
_FIRST_WITHOUT_PASSWORDS = (1, 9, 0)
_STALE = {"master": (1, 4, 2), "main": (1, 4, 2)}


async def publish(job: RunningJob, ref: str, given: Mapping[str, str]) -> None:
    """Run the action at `ref` with these inputs. Raises StepFailed; annotations say why."""
    version = version_of(ref)
    inputs = _inputs(job, version, given)
    _needs_linux(job, version)
    to = destination(inputs["repository-url"], job.run.services)
    files = distributions(job.workspace, inputs["packages-dir"])
    trusted = inputs["user"] == "__token__" and not inputs["password"] and version >= _FIRST_WITH_OIDC
    attest = _attests(job, version, inputs, to, trusted=trusted)
    if trusted:
        password = await _exchange(job, to)
    else:
        password = Secret(inputs["password"])
        _nudge(job, version, inputs, to, files)
    _complain(job, inputs["user"], password, inputs["packages-dir"], files)
    attestations = _attestations(job, files) if attest else {}
    await _upload_all(job, inputs, to, files, password, attestations)


def version_of(ref: str) -> tuple[int, ...]:
    """Return the action's version that a ref means: newest for `release/v1`, `v1` and what cannot be told."""
    if ref in _STALE:
        return _STALE[ref]
    numbers = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?", ref.removeprefix("release/"))
    if numbers is None:
        return (99,)
    major, minor, patch = numbers.groups()
    return (int(major), int(minor), int(patch)) if patch else (int(major), int(minor), 99)


def _inputs(job: RunningJob, version: tuple[int, ...], given: Mapping[str, str]) -> dict[str, str]:
    known = [name for name in _DEFAULTS if name != "attestations" or version >= _FIRST_WITH_ATTESTATIONS]
    old = [name.replace("-", "_") for name in known if "-" in name]
    unknown = [name for name in given if name.lower() not in {*known, *old}]
    if unknown:
        valid = sorted([*known, *old], key=lambda name: (list(_DEFAULTS).index(name.replace("_", "-")), name))
        if version < _FIRST_COMPOSITE:
            valid = ["entryPoint", "args", *valid]
        job.say(WARNING, "", f"Unexpected input(s) {_listed(unknown)}, valid inputs are [{_listed(valid)}]")
    lowered = {name.lower().replace("_", "-"): value for name, value in given.items()}
    inputs = {name: lowered.get(name) or default for name, default in _DEFAULTS.items()}
    # GitHub's default counts only where nothing is given, so a user name from a secret that is gone is empty. The other
    # inputs have an alias whose default comes in.
    return {**inputs, "user": lowered.get("user", "__token__")}


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _needs_linux(job: RunningJob, version: tuple[int, ...]) -> None:
    if job.system != "Linux":
        newer = "This action is only able to run under GNU/Linux environments"
        job.say(FAILURE, "", newer if version >= _FIRST_COMPOSITE else "Container action is only supported on Linux")
        raise StepFailed
    if job.in_container:
        job.say(FAILURE, "", "docker: command not found (a Docker action inside a job that runs in a container)")
        raise StepFailed("Process completed with exit code 127.")


def _attests(
    job: RunningJob, version: tuple[int, ...], inputs: Mapping[str, str], to: Destination, *, trusted: bool
) -> bool:
    wanted = version >= _FIRST_WITH_ATTESTATIONS and inputs["attestations"] != "false"
    if wanted and not trusted:
        job.say(WARNING, said.ATTESTATIONS_IGNORED, said.ATTESTATIONS_WITHOUT_TRUST)
        return False
    if wanted and to.index is None:
        job.say(WARNING, said.ATTESTATIONS_IGNORED, said.ATTESTATIONS_WRONG_INDEX)
        return False
    return wanted


async def _exchange(job: RunningJob, to: Destination) -> Secret:
    try:
        return (await exchange(job, to)).token
    except NoAudience as error:
        message = f"audience retrieval failed: {error}"
    except NoIdentity as error:
        message = said.NO_IDENTITY.format(identity_error=error)
    except ExchangeRefused as error:
        message = said.exchange_refused(error.status, error.reasons, error.claims)
    job.say(FAILURE, "", f"Trusted publishing exchange failure: {message}")
    raise StepFailed


def _nudge(
    job: RunningJob, version: tuple[int, ...], inputs: Mapping[str, str], to: Destination, files: Mapping[str, bytes]
) -> None:
    if to.index is None or version < _FIRST_WITH_OIDC:
        return
    uses_token = inputs["user"] == "__token__"
    if not uses_token:
        disabled = version >= _FIRST_WITHOUT_PASSWORDS
        title = said.PASSWORDS_DISABLED_TITLE if disabled else said.PASSWORDS_DEPRECATED_TITLE
        job.say(FAILURE, title, said.PASSWORDS_DISABLED)
    job.say(WARNING, said.UPGRADE_TITLE, said.UPGRADE)
    if version >= _FIRST_COMPOSITE and files:
        job.say(WARNING, said.CREATE_TITLE, said.CREATE)
    if not uses_token and version >= _FIRST_WITHOUT_PASSWORDS:
        raise StepFailed


def _complain(job: RunningJob, user: str, password: Secret, folder: str, files: Mapping[str, bytes]) -> None:
    if user == "__token__" and not password:
        job.say(WARNING, "", said.EMPTY_TOKEN)
    elif user == "__token__" and not password.reveal().startswith("pypi-"):
        job.say(WARNING, "", said.ODD_TOKEN)
    if not files:
        job.say(WARNING, "", said.MISSING_DISTS.format(folder=folder.rstrip("/")))
        raise StepFailed


def _attestations(job: RunningJob, files: Mapping[str, bytes]) -> dict[str, Document]:
    job.say(NOTICE, "", said.ATTESTING)
    claims = job.claims()
    sign = job.run.services.sigstore.attest
    made = {}
    for name, content in files.items():
        beside = f"{name}.publish.attestation"
        if any(path.rpartition("/")[2] == beside for path in job.workspace):
            job.say(FAILURE, "", f"Attestation generation failure: {name} already has a publish attestation: {beside}")
            raise StepFailed
        made[name] = sign(claims, name, hashlib.sha256(content).hexdigest())
    return made


async def _upload_all(
    job: RunningJob,
    inputs: Mapping[str, str],
    to: Destination,
    files: Mapping[str, bytes],
    password: Secret,
    attestations: Mapping[str, Document],
) -> None:
    for name in attestations:
        job.workspace[f"{inputs['packages-dir'].strip('/')}/{name}.publish.attestation"] = b"{}"
    for name, content in files.items():
        made = (attestations[name],) if name in attestations else ()
        try:
            await upload(job.run.services, to, name, content, user=inputs["user"], password=password, attestations=made)
        except Refused as error:
            if inputs["skip-existing"] != "false" and error.exists_already:
                continue
            job.say(FAILURE, "", f"HTTPError: {error.status} from {to.written} {error.words}")
            raise StepFailed from error
        except Unreachable as error:
            job.say(FAILURE, "", f"ConnectionError: {error}")
            raise StepFailed from error
