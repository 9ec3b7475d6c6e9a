"""Logging in with an OIDC provider: authorization code, PKCE, state bound to the browser, nonce."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from skreg.api.services import identities
from skreg.bootstrap import ApiContainer
from skreg.db.pool import writing
from skreg.db.queries import devices
from skreg.db.queries.accounts import AccountFacts
from skreg.db.queries.devices import OidcBegun
from skreg.errors import Forbidden, Missing, Unauthenticated, Unavailable

LIFETIME = timedelta(minutes=10)
_LEEWAY_SECONDS = 60
_MAX_DOCUMENT = 256 * 1024
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures alone: an HMAC would make everybody who knows the client secret the provider."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What is needed of a provider's discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and the secret it keeps until it comes back."""

    url: str
    browser_secret: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back, and which device waits for it."""

    account: AccountFacts
    user_code: str | None


async def begin(container: ApiContainer, user_code: str | None) -> Departure:
    """Begin a login at the provider.

    Raises:
        Missing: this registry has no provider.
        Unavailable: the provider does not answer.
    """
    provider = await discover(container)
    state, browser, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    begun = OidcBegun(_hash(browser), secrets.token_urlsafe(16), verifier, user_code)
    async with writing(container.pool) as connection:
        expires = container.clock() + LIFETIME
        await devices.begin_oidc(connection, _hash(state), begun, expires)
    challenge = urlsafe_b64encode(_hash(verifier)).rstrip(b"=").decode()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": container.settings.oidc_client_id or "",
            "redirect_uri": redirect_uri(container),
            "scope": "openid profile email",
            "state": state,
            "nonce": begun.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    separator = "&" if "?" in provider.authorization_endpoint else "?"
    return Departure(f"{provider.authorization_endpoint}{separator}{query}", browser)


def redirect_uri(container: ApiContainer) -> str:
    """Return where the provider sends people back to."""
    return f"{container.settings.public_url}/v1/auth/oidc/callback"


async def finish(container: ApiContainer, state: str, code: str, browser: str) -> Arrival:
    """Turn what the provider sent back into an account of this registry.

    Raises:
        Missing: this registry has no provider.
        Unauthenticated: the login was not begun by this browser, is over, or the provider's
            answer does not verify.
        Forbidden: the person is in no group that may log in, or the account is disabled.
        Unavailable: the provider does not answer.
    """
    provider = await discover(container)
    async with writing(container.pool) as connection:
        begun = await devices.take_oidc(connection, _hash(state))
    if begun is None or not hmac.compare_digest(begun.browser_hash, _hash(browser)):
        raise Unauthenticated(
            "This login was not begun here, or is over.", fix="Begin it again in this browser."
        )
    token = await _exchange(container, provider, code, begun.verifier)
    claims = await _verified(container, provider, token, begun.nonce)
    _require_group(container, claims)
    return Arrival(await identities.account_of(container, provider.issuer, claims), begun.user_code)


async def discover(container: ApiContainer) -> Provider:
    """Return the provider's addresses from its discovery document.

    Raises:
        Missing: this registry has no provider.
        Unavailable: it does not answer, or speaks for another issuer.
    """
    issuer = container.settings.oidc_issuer
    if issuer is None:
        raise Missing("This registry has no OIDC provider.")
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    found = await _document(container, url)
    names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    values = [str(found.get(name, "")) for name in names]
    if found.get("issuer") != issuer or not all(values):
        raise Unavailable(
            "The OIDC provider's configuration cannot be used.",
            why=f"It speaks for {str(found.get('issuer'))[:200]!a} or lacks an endpoint.",
            fix="Set OIDC_ISSUER to exactly what its discovery document says.",
        )
    return Provider(*values)


async def _document(container: ApiContainer, url: str) -> dict[str, Any]:
    answer = await container.web.get(url, max_size=_MAX_DOCUMENT)
    return _object(answer.status, answer.body)


def _object(status: int, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body) if status == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unavailable("The OIDC provider did not answer as it should.", why=f"Status {status}.")
    return found


async def _exchange(container: ApiContainer, provider: Provider, code: str, verifier: str) -> str:
    settings = container.settings
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(container),
        "client_id": settings.oidc_client_id or "",
        "code_verifier": verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if settings.oidc_client_secret is not None:
        headers |= _basic(settings.oidc_client_id or "", settings.oidc_client_secret)
    body = urlencode(fields).encode()
    answer = await container.web.post(provider.token_endpoint, body, headers)
    if 400 <= answer.status < 500:
        raise Unauthenticated("The OIDC provider refused the login.", fix="Begin it again.")
    token = _object(answer.status, answer.body).get("id_token")
    if not isinstance(token, str):
        raise Unavailable("The OIDC provider sent no id_token.")
    return token


def _basic(client: str, secret: Any) -> dict[str, str]:
    from base64 import b64encode

    pair = f"{quote(client, safe='')}:{quote(secret.get_secret_value(), safe='')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


async def _verified(
    container: ApiContainer, provider: Provider, token: str, nonce: str
) -> dict[str, Any]:
    """Return an id token's claims (OpenID Connect Core, 3.1.3.7).

    Raises:
        Unauthenticated: signature, issuer, audience, times or nonce are wrong.
    """
    client = container.settings.oidc_client_id or ""
    try:
        keys = KeySet.import_key_set(await _document(container, provider.jwks_uri))  # type: ignore[arg-type]
        claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(container.clock().timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unauthenticated(
            "The OIDC provider's answer does not verify.", why=type(error).__name__
        ) from error
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client:
        raise Unauthenticated("The OIDC provider's answer is for another client.")
    return dict(claims)


def _require_group(container: ApiContainer, claims: dict[str, Any]) -> None:
    settings = container.settings
    allowed = {item.strip() for item in settings.oidc_allowed_groups.split(",")} - {""}
    found = claims.get(settings.oidc_groups_claim, [])
    groups = {str(item) for item in found} if isinstance(found, list) else {str(found)}
    if allowed and not allowed & groups:
        raise Forbidden(
            "Your account at the provider may not log in here.",
            why="It is in no group that may.",
            fix="Ask an administrator of the registry.",
        )


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
