"""Sessions: ended at once, keys sealed and shared between processes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey
from structlog.testing import capture_logs

from skreg.api.app import create_app
from skreg.api.services import staff
from skreg.api.services.sealing import Sealing
from skreg.api.services.sessions import Sessions
from skreg.api.services.staff import Actor
from skreg.bootstrap import ApiContainer, open_api, utc_now
from skreg.errors import Unauthenticated
from skreg.settings import load_api_settings
from support.accounts import MovingClock, token_of
from support.asgi import AsgiClient
from support.registry import Registry, client_of, signed_up

SEALED = Sealing("a sealing key of at least 32 characters")


async def test_logging_out_ends_this_session_at_once(acme: AsgiClient, registry: Registry) -> None:
    other = await acme.post(
        "/v1/auth/login", {"username": "acme", "password": "correct horse battery staple"}
    )
    assert (await acme.post("/v1/auth/logout")).status == 204
    assert (await acme.get("/v1/auth/me")).status == 401
    assert (await acme.with_token(other.json()["access_token"]).get("/v1/auth/me")).status == 200
    registry.sql("UPDATE ended_sessions SET expires_at = now() - interval '1 minute'")
    assert (
        await acme.with_token(other.json()["access_token"]).post("/v1/auth/logout")
    ).status == 204
    assert registry.sql("SELECT count(*) FROM ended_sessions") == [(1,)]


async def test_a_token_that_logs_out_is_revoked(acme: AsgiClient) -> None:
    token = await token_of(acme, "read", read_only=True)
    assert (await token.post("/v1/auth/logout")).status == 204
    assert (await token.get("/v1/auth/me")).status == 401
    assert (await acme.get("/v1/auth/me")).status == 200


async def test_sealed_keys_are_read_by_another_process(
    container: ApiContainer, registry: Registry
) -> None:
    mine = Sessions(container.pool, utc_now, SEALED)
    theirs = Sessions(container.pool, utc_now, SEALED)
    token = await mine.issue(7, 3)
    found = await theirs.read(token)
    assert (found.account_id, found.generation) == (7, 3)
    ((sealed, name),) = registry.sql("SELECT sealed, sealing FROM session_secrets")
    assert name == SEALED.name
    assert len(sealed) == 12 + 32 + 16
    assert registry.sql("SELECT count(*) FROM session_keys") == [(0,)]


async def test_a_key_that_lies_open_is_worth_nothing_beside_a_seal(
    container: ApiContainer,
) -> None:
    """Whoever could once read the database has the open keys."""
    token = await Sessions(container.pool, utc_now).issue(7)
    with pytest.raises(Unauthenticated):
        await Sessions(container.pool, utc_now, SEALED).read(token)


async def test_another_seal_makes_other_keys(container: ApiContainer) -> None:
    other = Sealing("another key of at least 32 characters")
    token = await Sessions(container.pool, utc_now, SEALED).issue(7)
    with pytest.raises(Unauthenticated):
        await Sessions(container.pool, utc_now, other).read(token)


@pytest.mark.parametrize("change", ["sealed = 'x'", "id = 'another'"])
async def test_a_sealed_row_that_was_changed_is_not_used(
    container: ApiContainer, registry: Registry, change: str
) -> None:
    await Sessions(container.pool, utc_now, SEALED).issue(7)
    registry.sql(f"UPDATE session_secrets SET {change}")
    sessions = Sessions(container.pool, utc_now, SEALED)
    assert (await sessions.read(await sessions.issue(8))).account_id == 8
    assert registry.sql("SELECT count(*) FROM session_secrets") == [(2,)]


async def test_keys_are_renewed_and_old_ones_read_for_a_while(
    container: ApiContainer, registry: Registry
) -> None:
    token = await Sessions(container.pool, utc_now, SEALED).issue(7)
    registry.sql("UPDATE session_secrets SET created_at = now() - interval '31 days'")
    sessions = Sessions(container.pool, utc_now, SEALED)
    await sessions.issue(8)
    assert registry.sql("SELECT count(*) FROM session_secrets") == [(2,)]
    assert (await sessions.read(token)).account_id == 7
    registry.sql("UPDATE session_secrets SET created_at = created_at - interval '31 days'")
    await Sessions(container.pool, utc_now, SEALED).issue(9)
    retired = "SELECT count(*) FROM session_secrets WHERE retired_at IS NOT NULL"
    assert registry.sql(retired) == [(1,)]


async def test_a_key_made_meanwhile_is_looked_for(
    container: ApiContainer, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = MovingClock()
    mine, theirs = Sessions(container.pool, clock), Sessions(container.pool, clock)
    await theirs.issue(1)
    registry.sql("UPDATE session_keys SET created_at = now() - interval '31 days'")
    token = await mine.issue(7)
    monkeypatch.setattr("skreg.api.services.sessions._LOOK_AGAIN_SECONDS", -1.0)
    assert (await theirs.read(token)).account_id == 7


async def test_the_seal_comes_from_the_settings(registry: Registry) -> None:
    key = "a sealing key of at least 32 characters"
    container = open_api(load_api_settings(registry.common | {"SESSION_SEALING_KEY": key}))
    client = await signed_up(client_of(container))
    assert (await client.get("/v1/auth/me")).status == 200
    assert registry.sql("SELECT sealing FROM session_secrets") == [(SEALED.name,)]
    await container.close()


def forged(key: OctKey, header: dict[str, object], **claims: object) -> str:
    now = int(utc_now().timestamp())
    body = {"iss": "skreg", "sub": "1", "iat": now, "exp": now + 600, "jti": "x", **claims}
    return jwt.encode({"alg": "HS256", **header}, body, key, algorithms=["HS256"])


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "another"},
        {"exp": 1},
        {"sub": "no number"},
        {"sub": None},
        {"jti": None},
        {"gen": "x"},
        {"exp": "soon"},
    ],
)
async def test_claims_that_are_not_ours_are_refused(
    acme: AsgiClient, registry: Registry, change: dict[str, object]
) -> None:
    ((kid, secret),) = registry.sql("SELECT id, secret FROM session_keys")
    key = OctKey.import_key(bytes(secret))
    good = forged(key, {"kid": kid})
    assert (await acme.with_token(good).get("/v1/auth/me")).status == 200
    answer = await acme.with_token(forged(key, {"kid": kid}, **change)).get("/v1/auth/me")
    assert answer.status == 401


@pytest.mark.parametrize("header", [{}, {"kid": "another"}, {"kid": 7}])
async def test_a_key_nobody_has_signs_nothing(acme: AsgiClient, header: dict[str, object]) -> None:
    token = forged(OctKey.generate_key(256), header) if header.get("kid") != 7 else "e30.e30.aa"
    assert (await acme.with_token(token).get("/v1/auth/me")).status == 401


async def test_an_unsigned_session_is_refused(acme: AsgiClient) -> None:
    """``alg: none`` and a key of the attacker's choice are the oldest tricks."""
    assert acme.token is not None
    _, body, _ = acme.token.split(".")
    for head in ("eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiIsImtpZCI6IiJ9"):
        assert (await acme.with_token(f"{head}.{body}.").get("/v1/auth/me")).status == 401


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_text_is_refused_in_order(text: str) -> None:
    import asyncio

    class Empty(Sessions):
        async def _current(self, age: float):  # type: ignore[no-untyped-def]
            from skreg.api.services.sessions import _Keys

            return _Keys(OctKey.generate_key(256), {}, 0.0)

    async def read() -> None:
        with pytest.raises(Unauthenticated):
            await Empty(None, utc_now).read(text)  # type: ignore[arg-type]

    asyncio.run(read())


async def test_a_session_ends_with_its_generation(
    container: ApiContainer, registry: Registry
) -> None:
    client = await signed_up(client_of(dataclasses.replace(container)))
    registry.sql("UPDATE accounts SET session_generation = 1")
    assert (await client.get("/v1/auth/me")).status == 401


async def test_a_retired_key_ends_every_session(
    container: ApiContainer, registry: Registry
) -> None:
    token = await Sessions(container.pool, utc_now, SEALED).issue(7)
    assert await staff.end_sessions(Actor(container.pool)) == 1
    sessions = Sessions(container.pool, utc_now, SEALED)
    with pytest.raises(Unauthenticated):
        await sessions.read(token)
    assert (await sessions.read(await sessions.issue(8))).account_id == 8
    assert ("sessions-ended",) in registry.sql("SELECT action FROM audit")


@pytest.mark.parametrize(
    ("environment", "key", "warnings"),
    [("prod", None, 1), ("prod", "a sealing key of at least 32 characters", 0), ("dev", None, 0)],
)
async def test_a_production_registry_says_that_its_keys_lie_open(
    registry: Registry, environment: str, key: str | None, warnings: int
) -> None:
    given = registry.common | {"ENVIRONMENT": environment}
    given |= {"SESSION_SEALING_KEY": key} if key else {}
    app = create_app(open_api(load_api_settings(given)))
    with capture_logs() as said:
        async with app.router.lifespan_context(app):
            pass
    assert [line["event"] for line in said].count("session-keys-not-sealed") == warnings
