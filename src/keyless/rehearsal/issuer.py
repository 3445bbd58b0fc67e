"""GitHub's OIDC issuer in rehearsal: real RS256 tokens with GitHub's claims, its keys published as JWKS.

A job with `id-token: write` is given a request token (`grant`) and the address `/idtoken?api-version=2.0`; whoever shows
that token there and names an audience gets a JWT. The issuer's name in the `iss` claim stays GitHub's, a mere string.
Times are the rehearsal's. The key and the grants live in the store, so they survive a restart.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from keyless.rehearsal.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

ISSUER = "https://token.actions.githubusercontent.com"
LIFETIME = 300
"""Seconds from a token's `iat` to its `exp`; `nbf` lies ten minutes before `iat`, as GitHub's does."""
LEEWAY = 30
"""Seconds of clock skew that PyPI tolerates (warehouse, oidc/services.py)."""
_KEY = ("issuer.key", "signing")
_GRANT = "issuer.grant"


@dataclass(frozen=True, slots=True)
class Job:
    """What GitHub knows of a running job, from which the token's claims are made.

    `workflow_path` is the calling workflow's path in the repository; `job_workflow_ref` differs from it only where a
    reusable workflow runs. `ref` is a full one, like "refs/tags/v1.0".
    """

    repository: str
    repository_id: int
    owner_id: int
    workflow_path: str
    workflow_name: str
    ref: str
    sha: str
    event: str
    actor: str
    run_id: int
    actor_id: int = 1
    run_number: int = 1
    run_attempt: int = 1
    environment: str | None = None
    visibility: str = "public"
    runner_environment: str = "github-hosted"
    job_workflow_ref: str | None = None
    head_ref: str = ""
    base_ref: str = ""


def job_claims(job: Job) -> dict[str, str]:
    """Return GitHub's claim set for a job, without audience and times. All values are text, as GitHub's are."""
    workflow_ref = f"{job.repository}/{job.workflow_path}@{job.ref}"
    claims = {
        "sub": _subject(job),
        "ref": job.ref,
        "sha": job.sha,
        "repository": job.repository,
        "repository_owner": job.repository.split("/", 1)[0],
        "repository_owner_id": str(job.owner_id),
        "run_id": str(job.run_id),
        "run_number": str(job.run_number),
        "run_attempt": str(job.run_attempt),
        "repository_visibility": job.visibility,
        "repository_id": str(job.repository_id),
        "actor_id": str(job.actor_id),
        "actor": job.actor,
        "workflow": job.workflow_name,
        "head_ref": job.head_ref,
        "base_ref": job.base_ref,
        "event_name": job.event,
        "ref_protected": "false",
        "ref_type": "tag" if job.ref.startswith("refs/tags/") else "branch",
        "workflow_ref": workflow_ref,
        "workflow_sha": job.sha,
        "job_workflow_ref": job.job_workflow_ref or workflow_ref,
        "job_workflow_sha": job.sha,
        "runner_environment": job.runner_environment,
    }
    if job.environment:
        claims["environment"] = job.environment
    return claims


def _subject(job: Job) -> str:
    if job.environment:
        return f"repo:{job.repository}:environment:{job.environment}"
    if job.event in ("pull_request", "pull_request_target"):
        return f"repo:{job.repository}:pull_request"
    return f"repo:{job.repository}:ref:{job.ref}"


class Issuer:
    """Signs and verifies tokens with the key kept in `store`. `url` is what stands in the `iss` claim."""

    def __init__(self, store: Store, url: str = ISSUER) -> None:
        self.store = store
        self.url = url

    def jwt(self, claims: Mapping[str, Any]) -> str:
        """Return a signed token with `claims`; `iss`, `jti` and the times are filled in where they are not given."""
        import jwt

        now = int(self.store.now().timestamp())
        owner = str(claims.get("repository_owner", ""))
        filled = {
            "jti": str(uuid.uuid4()),
            "iss": self.url,
            "aud": f"https://github.com/{owner}",
            "nbf": now - 600,
            "iat": now,
            "exp": now + LIFETIME,
            **claims,
        }
        key = self._key()
        return jwt.encode(filled, key, algorithm="RS256", headers={"kid": _key_id(key)})

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as RFC 7517 has them."""
        from jwt.algorithms import RSAAlgorithm

        key = self._key()
        public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
        public.pop("key_ops", None)
        return {"keys": [{**public, "kid": _key_id(key), "alg": "RS256", "use": "sig"}]}

    def configuration(self, served_at: str | None = None) -> dict[str, Any]:
        """Return the OpenID configuration; `served_at` is where the keys can be fetched, without a final slash."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{served_at or self.url}/.well-known/jwks",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
            "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti", "nbf", *sorted(_CLAIMS)],
        }

    def verify(self, token: str, audience: str) -> dict[str, Any] | None:
        """Return a token's claims, or None: forged, from elsewhere, for another audience, expired or not valid yet.

        The audience must be exactly one text (warehouse uses PyJWT's `strict_aud`).
        """
        import jwt

        try:
            if jwt.get_unverified_header(token).get("kid") != _key_id(self._key()):
                return None
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key().public_key(),
                algorithms=["RS256"],
                audience=audience,
                issuer=self.url,
                options={
                    "require": ["iss", "iat", "exp", "aud"],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError:
            return None
        return claims if self._timely(claims) else None

    def grant(self, claims: Mapping[str, Any]) -> str:
        """Return a request token (ACTIONS_ID_TOKEN_REQUEST_TOKEN) that is good for JWTs with these claims."""
        token = secrets.token_urlsafe(48)
        self.store.put(_GRANT, _digest(token), {"claims": dict(claims)})
        return token

    def redeem(self, request_token: str, audience: str | None) -> str | None:
        """Return a JWT for `audience` (None: GitHub's default, the owner's address), or None for an unknown token."""
        granted = self.store.get(_GRANT, _digest(request_token))
        if granted is None:
            return None
        return self.jwt(granted["claims"] if audience is None else {**granted["claims"], "aud": audience})

    def revoke(self, request_token: str) -> None:
        """End a grant, as the end of its job does."""
        self.store.delete(_GRANT, _digest(request_token))

    def _timely(self, claims: Mapping[str, Any]) -> bool:
        now = self.store.now().timestamp()
        try:
            begun = max(int(claims["iat"]), int(claims.get("nbf", 0))) - LEEWAY <= now
            return begun and now < int(claims["exp"]) + LEEWAY
        except (TypeError, ValueError):
            return False

    def _key(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        kept = self.store.get(*_KEY)
        if kept is None:
            fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            pem = fresh.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            self.store.put(*_KEY, {"pem": pem.decode()})
            return fresh
        return _load(kept["pem"])


@cache
def _load(pem: str) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


_CLAIMS = job_claims(Job("", 0, 0, "", "", "", "", "", "", 0, environment="e")).keys() - {"sub"}


def _key_id(key: RSAPrivateKey) -> str:
    numbers = key.public_key().public_numbers()
    return hashlib.sha256(f"{numbers.n:x}".encode()).hexdigest()[:40].upper()


def _digest(request_token: str) -> str:
    return hashlib.sha256(request_token.encode()).hexdigest()


def id_token_url(base: str) -> str:
    """Return ACTIONS_ID_TOKEN_REQUEST_URL for an issuer served at `base` (no final slash); clients append `&audience=`."""
    return f"{base}/idtoken?api-version=2.0"


def issuer_app(store: Store, url: str = ISSUER) -> Starlette:
    """Return the issuer as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    issuer = Issuer(store, url)

    async def configuration(request: Request) -> Response:
        return JSONResponse(issuer.configuration(str(request.base_url).rstrip("/")))

    async def jwks(_request: Request) -> Response:
        return JSONResponse(issuer.jwks())

    async def id_token(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        made = (
            issuer.redeem(token.strip(), request.query_params.get("audience")) if scheme.lower() == "bearer" else None
        )
        if made is None:
            return JSONResponse({"message": "The request token is unknown or its job is over."}, 401)
        return JSONResponse({"count": len(made), "value": made})

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", configuration),
            Route("/.well-known/jwks", jwks),
            Route("/idtoken", id_token),
        ]
    )
