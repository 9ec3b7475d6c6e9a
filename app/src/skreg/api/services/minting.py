"""Trusted publishing: an identity token of CI buys a token that publishes one package, once."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from skillpkg.errors import SkillpkgError
from skillpkg.types import Namespace, PackageName
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, writing
from skreg.db.queries import accounts, credentials, trusted
from skreg.db.queries.trusted import Publisher
from skreg.domain import tokens
from skreg.domain.identity_tokens import (
    LEEWAY_SECONDS,
    IdentityToken,
    read,
    refused,
    require_for,
    text_claim,
)
from skreg.domain.permissions import Scope
from skreg.domain.trusted_account import TRUSTED_ACCOUNT
from skreg.domain.trusted_claims import PROVIDERS, Provider, Trust
from skreg.errors import Forbidden, Unprocessable

LIFETIME = timedelta(minutes=15)
"""How long a minted token publishes: an upload and the wait for its verdict."""
_REMEMBERED_LONGER = 5
"""Seconds that a used token is remembered beyond the time it could be good."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Minted:
    """A token that publishes ``package`` until ``expires_at``; its secret is shown this once.

    Attributes:
        unknown_claims: claims of the identity token that this registry knows nothing of.
        warnings: sentences about how the publisher could be made safer.
    """

    token: str
    package: str
    publisher_id: str
    expires_at: datetime
    unknown_claims: list[str]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class _Verified:
    """An identity token whose signature, issuer, audience and times are right."""

    token: IdentityToken
    issuer: str
    provider: str
    token_id: str
    expires: float

    @property
    def rules(self) -> Provider:
        return PROVIDERS[self.provider]


async def mint(container: ApiContainer, token: str, package: str, address: str | None) -> Minted:
    """Exchange an identity token for a token that publishes ``package``, ``ns/name``.

    Raises:
        Unauthenticated: the identity token is not valid, or was used before.
        Forbidden: the package has no publisher with these claims.
        Unprocessable: ``package`` is no name.
        Unavailable: the issuer cannot be asked for its keys.
    """
    namespace, name = _names(package)
    verified = await _verify(container, token)
    async with writing(container.pool) as connection:
        ends = verified.expires + LEEWAY_SECONDS + _REMEMBERED_LONGER
        until = datetime.fromtimestamp(ends, UTC)
        if not await trusted.claim_identity_token(
            connection, verified.issuer, verified.token_id, until
        ):
            raise refused("It was used before.", "Ask your CI for a new one.")
        publisher = await _matching(connection, verified, namespace, name)
        return await _issue(container, connection, verified, publisher, package, address)


def _names(package: str) -> tuple[str, str]:
    namespace, _, name = package.partition("/")
    try:
        return str(Namespace.parse(namespace)), str(PackageName.parse(name))
    except SkillpkgError as error:
        told = {"rule": "package", "path": "package", "detail": error.what}
        raise Unprocessable(
            "The package is not named as ns/name.", why=error.what, errors=[told]
        ) from error


async def _verify(container: ApiContainer, token: str) -> _Verified:
    found = read(token)
    issuer = found.issuer
    provider = container.settings.issuers.get(issuer)
    if provider is None:
        raise refused(f"Its issuer {issuer[:200]!a} is not one that this registry trusts.")
    key = await container.issuer_keys.find(issuer, found.key_id)
    await asyncio.to_thread(_require_signature, key, found)
    now = container.clock().timestamp()
    expires = require_for(found.claims, container.settings.audience, now)
    return _Verified(found, issuer, provider, text_claim(found.claims, "jti"), expires)


def _require_signature(key: RSAPublicKey, token: IdentityToken) -> None:
    try:
        key.verify(token.signature, token.signed, PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise refused("Its signature is not by its issuer.") from error


async def _matching(
    connection: Connection, verified: _Verified, namespace: str, name: str
) -> Publisher:
    """Return the publisher whose claims these are; its row is held.

    The refusal names the token's own claims and nothing of what is configured: anybody with a
    repository can get as far as here.
    """
    found = await trusted.lock_publishers(connection, namespace, name, verified.issuer)
    failed: list[list[str]] = []
    for publisher in found:
        mismatches = verified.rules.mismatches(_trust(publisher), verified.token.claims)
        if not mismatches:
            return publisher
        failed.append(mismatches)
    _log.info("no-trusted-publisher", package=f"{namespace}/{name}", mismatches=failed)
    shown = {key: verified.token.claims.get(key) for key in sorted(verified.rules.checked)}
    told = ", ".join(f"{key}={str(value)[:200]!a}" for key, value in shown.items() if value)
    raise Forbidden(
        f"{namespace}/{name} has no trusted publisher that this identity token fits.",
        why=f"It says: {told}.",
        fix="Compare this with the publishers that an owner of the package sees.",
    )


def _trust(publisher: Publisher) -> Trust:
    return Trust(
        publisher.issuer,
        publisher.owner,
        publisher.owner_id,
        publisher.repository,
        publisher.repository_id,
        publisher.workflow,
        publisher.environment,
    )


async def _issue(
    container: ApiContainer,
    connection: Connection,
    verified: _Verified,
    publisher: Publisher,
    package: str,
    address: str | None,
) -> Minted:
    claims, rules = verified.token.claims, verified.rules
    numbers = rules.numbers(claims)
    await trusted.note_use(connection, publisher.id, numbers.owner_id, numbers.repository_id)
    new, token_id = tokens.mint(), secrets.token_hex(8)
    expires = container.clock() + LIFETIME
    account = await trusted.trusted_account(connection, TRUSTED_ACCOUNT)
    await credentials.insert_token(
        connection,
        token_id=token_id,
        account_id=account,
        name=f"trusted publisher {publisher.id}",
        hint=new.hint,
        digest=new.digest,
        scopes=[Scope.PUBLISH.value, Scope.READ.value],
        expires_at=expires,
        limits=[package],
    )
    shown = {key: str(claims[key])[:500] for key in rules.shown if key in claims}
    await trusted.keep_token(connection, token_id, publisher.id, shown)
    unknown = rules.unknown(claims)
    details = {"publisher": publisher.id, "claims": shown, "unknown_claims": unknown[:50]}
    await accounts.record(connection, account, "token-minted", package, address, details)
    if unknown:
        _log.warning("unknown-claims", issuer=verified.issuer, claims=unknown)
    warnings = _warnings(publisher, verified)
    return Minted(new.secret, package, publisher.id, expires, unknown, warnings)


def _warnings(publisher: Publisher, verified: _Verified) -> list[str]:
    if publisher.environment or not verified.token.claims.get("environment"):
        return []
    return [
        "This job runs in an environment, and the publisher accepts any: name it there, so that "
        "its protection rules count."
    ]
